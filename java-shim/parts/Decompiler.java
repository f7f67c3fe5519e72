package oxprobe;

import java.io.IOException;
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
class Decompiler implements ClassFileSource, OutputSinkFactory, OutputSinkFactory.Sink<Object> {
    private final Map<String, byte[]> files = new HashMap<>();
    private final ClassLoader loader;
    private final StringBuilder source = new StringBuilder(8192);
    private final List<Integer> lines = new ArrayList<>();

    Decompiler(ClassLoader loader) {
        this.loader = loader;
    }

    /**
     * @param loader of the class; null is the boot loader
     * @param names of the class and of others that go with it, with slashes; the first is decompiled
     * @param bytes their class files; an empty one is read as a resource
     * @param options names and values in turns
     * @return the source and an int[]: a line of it and the line it came from, in turns
     */
    static Object[] decompile(ClassLoader loader, String[] names, byte[][] bytes, String[] options) {
        return new Decompiler(loader).decompiled(names, bytes, options);
    }

    /** See {@link #decompile}. Once. */
    final Object[] decompiled(String[] names, byte[][] bytes, String[] options) {
        for (int i = 0; i < names.length; i++) {
            if (bytes[i].length > 0) {
                files.put(names[i] + ".class", bytes[i]);
            }
        }
        Map<String, String> chosen = new HashMap<>();
        for (int i = 0; i + 1 < options.length; i += 2) {
            chosen.put(options[i], options[i + 1]);
        }
        new CfrDriver.Builder().withOptions(chosen).withClassFileSource(this).withOutputSink(this).build()
            .analyse(Collections.singletonList(names[0]));
        int[] told = new int[lines.size()];
        for (int i = 0; i < told.length; i++) {
            told[i] = lines.get(i);
        }
        return new Object[] {source.toString(), told};
    }

    @Override
    public Pair<byte[], String> getClassFileContent(String path) throws IOException {
        byte[] known = files.get(path);
        if (known == null) {
            String name = path.endsWith(".class") ? path : path + ".class";
            known = files.get(name);
            known = known == null ? resource(name) : known;
            if (known == null) {
                throw new IOException(path);
            }
        }
        return Pair.make(known, path);
    }

    /** A class file that was not told; null where there is none. */
    byte[] resource(String path) throws IOException {
        return Resource.read(loader, path);
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
        return (Sink<T>) (told ? this : new Decompiler(null));
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
