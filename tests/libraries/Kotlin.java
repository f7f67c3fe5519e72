package libraries;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import kotlin.collections.CollectionsKt;
import kotlin.jvm.functions.Function1;
import kotlin.text.StringsKt;

/**
 * Calls of methods of Kotlin's own library, as its compiler has made them, with values that are known.
 *
 * <p>It says "ready" and then obeys one command a line on its input, answered with "ok LINE: WHAT": "sort" sorts a
 * collection and then what is only iterable, and tells them before and after, "decimal TEXT" reads a number and tells why
 * that fails, "trim TEXT CHARACTERS" trims, and tells which characters were asked about and what was said. The end of the
 * input ends it.
 */
public class Kotlin {
    private static final List<Integer> NUMBERS = Arrays.asList(3, 1, 2);

    public static void main(String[] args) throws Exception {
        // The classes are there to be observed.
        Class.forName("kotlin.collections.CollectionsKt");
        Class.forName("kotlin.text.StringsKt");
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println("ok " + line + ": " + obey(line.split(" ")));
        }
        System.exit(0);
    }

    private static Object obey(String[] words) {
        switch (words[0]) {
            case "sort":
                Iterable<Integer> iterable = NUMBERS::iterator;
                return Arrays.asList(NUMBERS, CollectionsKt.sorted(NUMBERS), CollectionsKt.sorted(iterable));
            case "decimal":
                StringsKt.toBigDecimalOrNull(words[1], MathContext.UNLIMITED);
                try {
                    return new BigDecimal(words[1]);
                } catch (NumberFormatException e) {
                    return e;
                }
            case "trim":
                return trim(words[1], words[2]);
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    /** The same algorithm twice: the one that takes a function tells what it asks. */
    private static String trim(String text, String characters) {
        StringBuilder asked = new StringBuilder();
        Function1<Character, Boolean> function =
                one -> {
                    boolean found = characters.indexOf(one) >= 0;
                    asked.append(' ').append(one).append(found);
                    return found;
                };
        String trimmed = StringsKt.trim(text, characters.toCharArray());
        if (!trimmed.equals(StringsKt.trim(text, function))) {
            throw new IllegalStateException(trimmed);
        }
        return asked.toString().trim();
    }
}
