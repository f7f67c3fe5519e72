package oxprobe;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Set;

/**
 * Which classes CFR will ask for, as far as class files tell: who is far away is better asked for many at once than for
 * one after the other.
 */
final class Foresight {
    private Foresight() {}

    /** Adds the names, with slashes, of the classes that a class file names in its code and its descriptors. */
    static void named(byte[] file, Set<String> names) {
        read(file, names, true);
    }

    /** Adds the names of a class's superclass and interfaces. */
    static void above(byte[] file, Set<String> names) {
        read(file, names, false);
    }

    private static void read(byte[] file, Set<String> names, boolean all) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(file))) {
            in.readLong();
            int count = in.readUnsignedShort();
            String[] texts = new String[count];
            int[] classes = new int[count];
            int[] descriptors = new int[count];
            for (int i = 1; i < count; i++) {
                switch (in.readByte()) {
                    case 1: texts[i] = in.readUTF(); break;
                    case 3: case 4: case 9: case 10: case 11: case 17: case 18: in.readInt(); break;
                    case 5: case 6: in.readLong(); i++; break;
                    case 7: classes[i] = in.readUnsignedShort(); break;
                    case 12: in.readUnsignedShort(); descriptors[i] = in.readUnsignedShort(); break;
                    case 15: in.readByte(); in.readUnsignedShort(); break;
                    case 8: case 16: case 19: case 20: in.readUnsignedShort(); break;
                    default: return;
                }
            }
            if (!all) {
                in.readInt();
                add(texts, classes[in.readUnsignedShort()], names);
                for (int left = in.readUnsignedShort(); left > 0; left--) {
                    add(texts, classes[in.readUnsignedShort()], names);
                }
                return;
            }
            for (int i = 0; i < count; i++) {
                add(texts, classes[i], names);
                mentioned(texts[descriptors[i]], names);
            }
        } catch (IOException | RuntimeException malformed) {
            // CFR meets it and says so.
        }
    }

    private static void add(String[] texts, int index, Set<String> names) {
        String name = texts[index];
        if (name != null && name.startsWith("[")) {
            mentioned(name, names);
        } else if (name != null) {
            names.add(name);
        }
    }

    private static void mentioned(String descriptor, Set<String> names) {
        for (int from = descriptor == null ? -1 : descriptor.indexOf('L'); from >= 0; ) {
            int end = descriptor.indexOf(';', from);
            if (end < 0) {
                return;
            }
            names.add(descriptor.substring(from + 1, end));
            from = descriptor.indexOf('L', end);
        }
    }
}
