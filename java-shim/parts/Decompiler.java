package oxprobe;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.benf.cfr.reader.api.CfrDriver;
import org.benf.cfr.reader.api.ClassFileSource;
import org.benf.cfr.reader.api.OutputSinkFactory;
import org.benf.cfr.reader.api.SinkReturns.LineNumberMapping;
import org.benf.cfr.reader.bytecode.analysis.parse.utils.Pair;

/**
 * Drives CFR over class files in memory. Lives in the loader of the jar for as long as one job takes. What CFR wants to
 * know of other classes it reads as resources of the class's own loader: no class is loaded for it.
 */
final class Decompiler implements ClassFileSource, OutputSinkFactory, OutputSinkFactory.Sink<Object> {
    private final Map<String, byte[]> files = new HashMap<>();
    private final ClassLoader loader;
    private final long deadline;
    private final StringBuilder source = new StringBuilder(8192);
    private final List<Integer> lines = new ArrayList<>();
    private boolean late;

    private Decompiler(ClassLoader loader, long limitNs) {
        this.loader = loader;
        this.deadline = System.nanoTime() + limitNs;
    }

    /**
     * @param loader of the class; null is the boot loader
     * @param names of the class and of others that go with it, with slashes; the first is decompiled
     * @param bytes their class files; an empty one is read as a resource
     * @param options names and values in turns
     * @return the source and an int[]: a line of it and the line it came from, in turns; null where the time was up
     */
    static Object[] decompile(ClassLoader loader, String[] names, byte[][] bytes, String[] options, long limitNs) {
        Decompiler decompiler = new Decompiler(loader, limitNs);
        for (int i = 0; i < names.length; i++) {
            if (bytes[i].length > 0) {
                decompiler.files.put(names[i] + ".class", bytes[i]);
            }
        }
        Map<String, String> chosen = new HashMap<>();
        for (int i = 0; i + 1 < options.length; i += 2) {
            chosen.put(options[i], options[i + 1]);
        }
        new CfrDriver.Builder().withOptions(chosen).withClassFileSource(decompiler).withOutputSink(decompiler).build()
            .analyse(Collections.singletonList(names[0]));
        int[] lines = new int[decompiler.lines.size()];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = decompiler.lines.get(i);
        }
        return decompiler.late ? null : new Object[] {decompiler.source.toString(), lines};
    }

    @Override
    public Pair<byte[], String> getClassFileContent(String path) throws IOException {
        if (late || System.nanoTime() - deadline > 0) {
            late = true;
            throw new ThreadDeath();
        }
        byte[] known = files.get(path);
        if (known == null) {
            String name = path.endsWith(".class") ? path : path + ".class";
            known = files.get(name);
            known = known == null ? resource(name) : known;
        }
        return Pair.make(known, path);
    }

    private byte[] resource(String path) throws IOException {
        URL url;
        try {
            url = loader == null ? ClassLoader.getSystemResource(path) : loader.getResource(path);
        } catch (RuntimeException | LinkageError broken) {
            throw new IOException(path, broken);
        }
        if (url == null) {
            throw new IOException(path);
        }
        URLConnection connection = url.openConnection();
        // Else the JDK keeps the application's jars open once more.
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            ByteArrayOutputStream all = new ByteArrayOutputStream(8192);
            byte[] part = new byte[8192];
            for (int count; (count = in.read(part)) > 0; ) {
                all.write(part, 0, count);
            }
            return all.toByteArray();
        }
    }

    @Override
    public List<SinkClass> getSupportedSinks(SinkType type, Collection<SinkClass> available) {
        return type == SinkType.LINENUMBER
            ? Collections.singletonList(SinkClass.LINE_NUMBER_MAPPING)
            : Arrays.asList(SinkClass.STRING, SinkClass.DECOMPILED, SinkClass.EXCEPTION_MESSAGE);
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> Sink<T> getSink(SinkType type, SinkClass sinkClass) {
        boolean told = type != SinkType.PROGRESS && type != SinkType.SUMMARY;
        return (Sink<T>) (told ? this : new Decompiler(null, 0));
    }

    @Override
    public void write(Object told) {
        if (!(told instanceof LineNumberMapping)) {
            source.append(told);
            return;
        }
        LineNumberMapping mapping = (LineNumberMapping) told;
        Map<Integer, Integer> original = mapping.getClassFileMappings();
        Map<Integer, Integer> made = mapping.getMappings();
        if (original == null || made == null) {
            return;
        }
        for (Map.Entry<Integer, Integer> one : made.entrySet()) {
            Integer line = original.get(one.getKey());
            if (line != null) {
                lines.add(one.getValue());
                lines.add(line);
            }
        }
    }

    @Override
    public void informAnalysisRelativePathDetail(String usePath, String classFilePath) {}

    @Override
    public Collection<String> addJar(String jarPath) {
        return Collections.emptyList();
    }

    @Override
    public String getPossiblyRenamedPath(String path) {
        return path;
    }
}
