package oxprobe;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The decompiler in a JVM of its own, which a program of ours has started beside itself: one class, then the end. It is
 * told and asks on its standard input and output, in turns, each with its length before it: first an agent tells it the
 * class files, then it asks for others by their paths, and at last it tells the source.
 */
final class Workshop extends Decompiler {
    /** CFR recurses deeply. The pages of it that are not used cost nothing. */
    private static final long STACK_BYTES = 64 << 20;

    private static final int LONGEST_TURN = 64 << 20;

    /** Who asked gives it a minute. This ends it where nobody is there to do so. */
    private static final long LONGEST_LIFE_MS = 90_000;

    /** Many classes name fewer than a hundred. */
    private static final int MOST_FORESEEN = 400;

    /** By their path; null where there is none. */
    private final Map<String, byte[]> foreseen = new HashMap<>();
    private final BlockingQueue<byte[]> heard = new LinkedBlockingQueue<>();
    private final DataOutputStream out;

    private Workshop(OutputStream out) {
        super(null);
        this.out = new DataOutputStream(out);
    }

    public static void main(String[] arguments) {
        final InputStream in = System.in;
        final Workshop workshop = new Workshop(System.out);
        // What somebody prints would be taken for a turn.
        System.setOut(System.err);
        new Thread(null, new Runnable() {
            @Override
            public void run() {
                workshop.work();
            }
        }, "decompiler", STACK_BYTES).start();
        new Thread("limit") {
            @Override
            public void run() {
                try {
                    Thread.sleep(LONGEST_LIFE_MS);
                } catch (InterruptedException nobodyDoes) {
                    // Then it is over a little early.
                }
                Runtime.getRuntime().halt(1);
            }
        }.start();
        workshop.listen(new DataInputStream(in));
    }

    /** Ends with the other side, whatever CFR does meanwhile. */
    private void listen(DataInputStream in) {
        try {
            for (;;) {
                int length = in.readInt();
                if (length < 0 || length > LONGEST_TURN) {
                    break;
                }
                byte[] turn = new byte[length];
                in.readFully(turn);
                heard.add(turn);
            }
        } catch (IOException gone) {
            // As all that ends here.
        }
        Runtime.getRuntime().halt(0);
    }

    private void work() {
        try {
            ByteArrayOutputStream turn = new ByteArrayOutputStream(8192);
            DataOutputStream to = new DataOutputStream(turn);
            try {
                made(to);
            } catch (StackOverflowError | Exception failed) {
                turn.reset();
                to.writeByte('F');
                to.writeChars(failed.toString());
            }
            say(turn);
            heard.take();
        } catch (IOException | InterruptedException gone) {
            // Nobody is left to be told.
        } finally {
            Runtime.getRuntime().halt(0);
        }
    }

    private void made(DataOutputStream to) throws IOException {
        DataInputStream told = next();
        String[] options = new String[told.readInt()];
        for (int i = 0; i < options.length; i++) {
            options[i] = text(told);
        }
        String[] names = new String[told.readInt()];
        byte[][] files = new byte[names.length][];
        for (int i = 0; i < names.length; i++) {
            names[i] = text(told);
            files[i] = bytes(told);
        }
        foresee(names, files);
        Object[] made = decompiled(names, files, options);
        int[] lines = (int[]) made[1];
        to.writeByte('S');
        to.writeInt(lines.length);
        for (int line : lines) {
            to.writeInt(line);
        }
        to.writeChars((String) made[0]);
    }

    /** Asks for what CFR will ask for: those that the class and the ones within it name, and what is above them. */
    private void foresee(String[] names, byte[][] files) throws IOException {
        Set<String> seen = new HashSet<>(Arrays.asList(names));
        Set<String> wanted = new LinkedHashSet<>();
        for (byte[] file : files) {
            Foresight.named(file, wanted);
        }
        while (true) {
            wanted.removeAll(seen);
            List<String> paths = new ArrayList<>();
            for (String name : wanted) {
                if (foreseen.size() + paths.size() < MOST_FORESEEN) {
                    paths.add(name + ".class");
                }
            }
            if (paths.isEmpty()) {
                return;
            }
            seen.addAll(wanted);
            ask(paths);
            wanted.clear();
            for (String path : paths) {
                byte[] file = foreseen.get(path);
                if (file != null) {
                    Foresight.above(file, wanted);
                }
            }
        }
    }

    private void ask(List<String> paths) throws IOException {
        ByteArrayOutputStream turn = new ByteArrayOutputStream(128);
        DataOutputStream to = new DataOutputStream(turn);
        to.writeByte('Q');
        for (int i = 0; i < paths.size(); i++) {
            to.writeChars(i == 0 ? paths.get(i) : '\n' + paths.get(i));
        }
        say(turn);
        DataInputStream answer = next();
        for (String path : paths) {
            if (answer.readBoolean()) {
                foreseen.put(path, bytes(answer));
            } else if (paths.size() == 1) {
                // Of many it may only have been too much.
                foreseen.put(path, null);
            }
        }
    }

    @Override
    byte[] resource(String path) throws IOException {
        if (!foreseen.containsKey(path)) {
            ask(Collections.singletonList(path));
        }
        return foreseen.get(path);
    }

    private void say(ByteArrayOutputStream turn) throws IOException {
        out.writeInt(turn.size());
        turn.writeTo(out);
        out.flush();
    }

    private DataInputStream next() throws IOException {
        try {
            return new DataInputStream(new ByteArrayInputStream(heard.take()));
        } catch (InterruptedException ends) {
            throw new InterruptedIOException();
        }
    }

    private static String text(DataInputStream told) throws IOException {
        return new String(bytes(told), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(DataInputStream told) throws IOException {
        int length = told.readInt();
        if (length < 0 || length > told.available()) {
            throw new EOFException();
        }
        byte[] bytes = new byte[length];
        told.readFully(bytes);
        return bytes;
    }
}
