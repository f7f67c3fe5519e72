package oxprobe;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticListener;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardLocation;

/**
 * Drives the JDK's own compiler over texts in memory: a copy of it in our loader. Its class path is what a class loader of the application sees:
 * packages are listed where the loader says they lie, classes are read as its resources, and none is loaded.
 */
final class Javac extends ForwardingJavaFileManager<JavaFileManager> implements DiagnosticListener<JavaFileObject> {
    private final Sight sight;
    private final List<String> names = new ArrayList<>();
    private final List<Unit> made = new ArrayList<>();
    private final List<Object> told = new ArrayList<>();

    private Javac(JavaFileManager below, Sight sight) {
        super(below);
        this.sight = sight;
    }

    /**
     * @param loader whose classes the sources name; null is the boot loader
     * @param known names of classes, with dots, that are no loader's resources, and their class files
     * @param paths of the sources
     * @return names with dots, class files, and of each diagnostic: kind, path, line, column, message
     */
    static Object[] compile(ClassLoader loader, String[] known, byte[][] files, String[] paths, String[] texts,
        String[] options) throws IOException, ReflectiveOperationException {
        JavaCompiler compiler = (JavaCompiler) Class.forName("com.sun.tools.javac.api.JavacTool").newInstance();
        Sight sight = new Sight(loader, known, files);
        StringWriter said = new StringWriter();
        try (Javac javac = new Javac(compiler.getStandardFileManager(null, null, null), sight)) {
            List<Unit> units = new ArrayList<>();
            for (int i = 0; i < paths.length; i++) {
                units.add(new Unit(paths[i], texts[i]));
            }
            boolean done = compiler.getTask(said, javac, javac, Arrays.asList(options), null, units).call();
            if (!done && javac.told.isEmpty()) {
                javac.tell("ERROR", "", -1, -1, said.toString());
            }
            byte[][] bytes = new byte[javac.made.size()][];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = javac.made.get(i).bytes();
            }
            return new Object[] {done, javac.names.toArray(new String[0]), bytes, javac.told.toArray(new Object[0])};
        }
    }

    private void tell(String kind, String path, long line, long column, String message) {
        told.addAll(Arrays.asList(kind, path, Long.toString(line), Long.toString(column), message));
    }

    @Override
    public void report(Diagnostic<? extends JavaFileObject> one) {
        JavaFileObject source = one.getSource();
        String path = source instanceof Unit ? ((Unit) source).path : "";
        tell(one.getKind().name(), path, one.getLineNumber(), one.getColumnNumber(), one.getMessage(null));
    }

    @Override
    public Iterable<JavaFileObject> list(Location location, String pack, Set<JavaFileObject.Kind> kinds, boolean deep)
        throws IOException {
        if (location == StandardLocation.CLASS_PATH) {
            List<JavaFileObject> found = new ArrayList<>();
            if (kinds.contains(JavaFileObject.Kind.CLASS)) {
                for (String name : sight.list(pack)) {
                    found.add(new Unit(sight, name));
                }
            }
            return found;
        }
        if (location == StandardLocation.SOURCE_PATH || location == StandardLocation.CLASS_OUTPUT) {
            return Collections.emptyList();
        }
        return super.list(location, pack, kinds, deep);
    }

    @Override
    public boolean hasLocation(Location location) {
        return location == StandardLocation.CLASS_PATH
            || location != StandardLocation.SOURCE_PATH && super.hasLocation(location);
    }

    @Override
    public String inferBinaryName(Location location, JavaFileObject file) {
        return file instanceof Unit ? ((Unit) file).binary : super.inferBinaryName(location, file);
    }

    @Override
    public boolean isSameFile(FileObject one, FileObject other) {
        return one instanceof Unit || other instanceof Unit ? one.equals(other) : super.isSameFile(one, other);
    }

    /** Overrides what Java 9 has brought. */
    public boolean contains(Location location, FileObject file) {
        return false;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(Location location, String name, JavaFileObject.Kind kind,
        FileObject sibling) {
        Unit unit = new Unit((Sight) null, name);
        names.add(name);
        made.add(unit);
        return unit;
    }

    /** A source, a class to be read, or one that is made. */
    private static final class Unit extends SimpleJavaFileObject {
        final String path;
        final String binary;
        private final String text;
        private final Sight sight;
        private ByteArrayOutputStream out;

        Unit(String path, String text) {
            super(URI.create("mem:///" + path.replaceAll("[^A-Za-z0-9_$./]", "_")), Kind.SOURCE);
            this.path = path;
            this.text = text;
            this.binary = null;
            this.sight = null;
        }

        Unit(Sight sight, String binary) {
            super(URI.create("mem:///" + binary.replace('.', '/').replaceAll("[^A-Za-z0-9_$/]", "_") + ".class"),
                Kind.CLASS);
            this.path = "";
            this.text = null;
            this.binary = binary;
            this.sight = sight;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            String name = binary == null ? path : binary.replace('.', '/') + ".class";
            String last = name.substring(name.lastIndexOf('/') + 1);
            return kind == getKind() && last.equals(simpleName + kind.extension);
        }

        @Override
        public CharSequence getCharContent(boolean ignored) {
            return text;
        }

        @Override
        public InputStream openInputStream() throws IOException {
            return new ByteArrayInputStream(out == null ? sight.read(binary) : out.toByteArray());
        }

        @Override
        public OutputStream openOutputStream() {
            out = new ByteArrayOutputStream();
            return out;
        }

        byte[] bytes() {
            return out == null ? new byte[0] : out.toByteArray();
        }
    }
}
