package oxprobe;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.eclipse.jdt.core.compiler.CategorizedProblem;
import org.eclipse.jdt.core.compiler.CharOperation;
import org.eclipse.jdt.internal.compiler.ClassFile;
import org.eclipse.jdt.internal.compiler.CompilationResult;
import org.eclipse.jdt.internal.compiler.Compiler;
import org.eclipse.jdt.internal.compiler.DefaultErrorHandlingPolicies;
import org.eclipse.jdt.internal.compiler.ICompilerRequestor;
import org.eclipse.jdt.internal.compiler.batch.CompilationUnit;
import org.eclipse.jdt.internal.compiler.classfmt.ClassFileReader;
import org.eclipse.jdt.internal.compiler.classfmt.ClassFormatException;
import org.eclipse.jdt.internal.compiler.env.ICompilationUnit;
import org.eclipse.jdt.internal.compiler.env.INameEnvironment;
import org.eclipse.jdt.internal.compiler.env.NameEnvironmentAnswer;
import org.eclipse.jdt.internal.compiler.impl.CompilerOptions;
import org.eclipse.jdt.internal.compiler.problem.DefaultProblemFactory;

/**
 * Drives the Eclipse compiler over texts in memory, where a Java has no compiler of its own. It asks for classes by
 * their names, which it gets as resources of a class loader; none is loaded.
 */
final class Ecj implements INameEnvironment, ICompilerRequestor {
    private final Sight sight;
    private final Set<String> packages = new HashSet<>();
    private final List<String> names = new ArrayList<>();
    private final List<byte[]> made = new ArrayList<>();
    private final List<Object> told = new ArrayList<>();
    private boolean failed;

    private Ecj(Sight sight) {
        this.sight = sight;
    }

    /**
     * As {@code Javac.compile}; options are names and values of the Eclipse compiler's in turns.
     */
    static Object[] compile(ClassLoader loader, String[] known, byte[][] files, String[] paths, String[] texts,
        String[] options) {
        Ecj ecj = new Ecj(new Sight(loader, known, files));
        Map<String, String> chosen = new HashMap<>();
        for (int i = 0; i + 1 < options.length; i += 2) {
            chosen.put(options[i], options[i + 1]);
        }
        ICompilationUnit[] units = new ICompilationUnit[paths.length];
        for (int i = 0; i < paths.length; i++) {
            units[i] = new CompilationUnit(texts[i].toCharArray(), paths[i], "UTF-8");
        }
        Compiler compiler = new Compiler(ecj, DefaultErrorHandlingPolicies.proceedWithAllProblems(),
            new CompilerOptions(chosen), ecj, new DefaultProblemFactory(Locale.ENGLISH));
        compiler.compile(units);
        return new Object[] {!ecj.failed, ecj.names.toArray(new String[0]), ecj.made.toArray(new byte[0][]),
            ecj.told.toArray(new Object[0])};
    }

    @Override
    public void acceptResult(CompilationResult result) {
        CategorizedProblem[] problems = result.getAllProblems();
        for (CategorizedProblem one : problems == null ? new CategorizedProblem[0] : problems) {
            if (!one.isError()) {
                // It warns of what other compilers do not, in every file.
                continue;
            }
            failed = true;
            int[] ends = result.getLineSeparatorPositions();
            int line = one.getSourceLineNumber();
            int start = line > 1 && line - 2 < ends.length ? ends[line - 2] + 1 : 0;
            told.addAll(Arrays.asList("ERROR", new String(one.getOriginatingFileName()),
                Integer.toString(line), Integer.toString(one.getSourceStart() - start + 1), one.getMessage()));
        }
        for (ClassFile file : result.getClassFiles()) {
            names.add(CharOperation.toString(file.getCompoundName()));
            made.add(file.getBytes());
        }
    }

    @Override
    public NameEnvironmentAnswer findType(char[][] compound) {
        return find(CharOperation.toString(compound));
    }

    @Override
    public NameEnvironmentAnswer findType(char[] name, char[][] pack) {
        String before = CharOperation.toString(pack);
        return find(before.isEmpty() ? new String(name) : before + '.' + new String(name));
    }

    private NameEnvironmentAnswer find(String name) {
        try {
            byte[] file = sight.find(name);
            return file == null
                ? null
                : new NameEnvironmentAnswer(new ClassFileReader(file, name.toCharArray(), true), null);
        } catch (IOException | ClassFormatException unreadable) {
            return null;
        }
    }

    /** What is no class is a package: nobody can be asked. */
    @Override
    public boolean isPackage(char[][] parent, char[] name) {
        String before = parent == null ? "" : CharOperation.toString(parent);
        String whole = before.isEmpty() ? new String(name) : before + '.' + new String(name);
        if (packages.contains(whole) || sight.isPackage(whole)) {
            return true;
        }
        try {
            if (sight.find(whole) != null) {
                return false;
            }
        } catch (IOException unreadable) {
            return false;
        }
        // A class that is being compiled is none either; those are named with a capital.
        boolean is = !Character.isUpperCase(name[0]);
        if (is) {
            packages.add(whole);
        }
        return is;
    }

    @Override
    public void cleanup() {}
}
