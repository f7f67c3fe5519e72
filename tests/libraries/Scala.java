package libraries;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import scala.Array$;
import scala.Function0;
import scala.collection.IterableOnce;
import scala.collection.immutable.Range;
import scala.collection.immutable.Range$;
import scala.collection.immutable.TreeSet$;
import scala.math.Ordering;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction0;

/**
 * Calls of methods of Scala's own library, as its compiler has made them, with values that are known.
 *
 * <p>It says "ready" and then obeys one command a line on its input, answered with "ok LINE: WHAT": "range" makes a set
 * of a range and tells the classes of the range and of its iterator, "fill ROWS COLUMNS" fills a table. The end of the
 * input ends it.
 */
public class Scala {
    public static void main(String[] args) throws Exception {
        // The classes are there to be observed.
        Class.forName("scala.Array$");
        Class.forName("scala.collection.immutable.TreeSet$");
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println("ok " + line + ": " + obey(line.split(" ")));
        }
        System.exit(0);
    }

    private static Object obey(String[] words) {
        switch (words[0]) {
            case "range":
                return range(Range$.MODULE$.inclusive(1, 4));
            case "fill":
                return fill(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static String range(Range range) {
        TreeSet$.MODULE$.from((IterableOnce) range, (Ordering) Ordering.Int$.MODULE$);
        return range.getClass().getName() + " " + range.iterator().getClass().getName();
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static String fill(int rows, int columns) {
        Function0<Object> next =
                new AbstractFunction0<Object>() {
                    private int given;

                    @Override
                    public Object apply() {
                        return given++;
                    }
                };
        ClassTag tag = ClassTag$.MODULE$.apply(Object.class);
        return Arrays.deepToString(Array$.MODULE$.fill(rows, columns, next, tag));
    }
}
