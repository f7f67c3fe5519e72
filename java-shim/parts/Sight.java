package oxprobe;

import java.io.File;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** What a loader sees, without loading it. */
final class Sight {
    private final ClassLoader loader;
    private final Map<String, byte[]> known = new HashMap<>();
    /** Those that hold a known class, however deep. */
    private final Set<String> packages = new HashSet<>();
    /** By the URL of a jar, its packages and their classes. */
    private final Map<String, Map<String, Set<String>>> jars = new HashMap<>();
    /** Jars and folders that need not say which packages they have. */
    private final Set<String> roots = new HashSet<>();

    Sight(ClassLoader loader, String[] names, byte[][] files) {
        this.loader = loader;
        for (int i = 0; i < names.length; i++) {
            known.put(names[i], files[i]);
            for (int dot = names[i].lastIndexOf('.'); dot > 0; dot = names[i].lastIndexOf('.', dot - 1)) {
                packages.add(names[i].substring(0, dot));
            }
        }
        for (ClassLoader one = loader; one != null; one = one.getParent()) {
            if (one instanceof URLClassLoader) {
                for (URL url : ((URLClassLoader) one).getURLs()) {
                    roots.add(url.toString());
                }
            } else if (one == ClassLoader.getSystemClassLoader()) {
                for (String path : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
                    roots.add(new File(path).toURI().toString());
                }
            }
        }
    }

    /** Whether it is known to be a package. */
    boolean isPackage(String name) {
        return packages.contains(name);
    }

    /** The classes of a package that are there as files, and those that are known. */
    Set<String> list(String pack) throws IOException {
        Ended.look();
        Set<String> found = new HashSet<>();
        for (String name : known.keySet()) {
            if (name.lastIndexOf('.') == (pack.isEmpty() ? -1 : pack.length()) && name.startsWith(pack)) {
                found.add(name);
            }
        }
        if (loader == null) {
            return found;
        }
        String folder = pack.replace('.', '/');
        Set<String> seen = new HashSet<>();
        if (!pack.isEmpty()) {
            for (Enumeration<URL> all = loader.getResources(folder); all.hasMoreElements(); ) {
                add(all.nextElement(), folder, found, seen);
            }
        }
        for (String root : roots) {
            if (!root.endsWith("/")) {
                add(new URL(root.startsWith("jar:") ? root : "jar:" + root + "!/"), folder, found, seen);
            } else if (root.startsWith("jar:")) {
                add(new URL(root), folder, found, seen);
            } else {
                add(new URL(root + folder), folder, found, seen);
            }
        }
        return found;
    }

    private void add(URL url, String folder, Set<String> found, Set<String> seen) {
        String text = url.toString();
        try {
            if (text.startsWith("file:")) {
                File[] files = new File(url.toURI()).listFiles();
                for (File file : files == null ? new File[0] : files) {
                    name(folder, file.getName(), found);
                }
                return;
            }
            int end = text.lastIndexOf("!/");
            if (end < 0 || !text.startsWith("jar:")) {
                return;
            }
            // A jar within a jar may keep its classes in a folder, which is before the package.
            String inner = text.substring(end + 2);
            String before = inner.endsWith(folder) ? inner.substring(0, inner.length() - folder.length()) : inner;
            String jar = text.substring(0, end + 2);
            if (seen.add(jar + before)) {
                Map<String, Set<String>> packages = jars.get(jar);
                if (packages == null) {
                    packages = index(new URL(jar));
                    jars.put(jar, packages);
                }
                for (String name : packages.getOrDefault(before + folder, Collections.emptySet())) {
                    name(folder, name, found);
                }
            }
        } catch (Exception unreadable) {
            // A class path may name what is not there.
        }
    }

    private static void name(String folder, String file, Set<String> found) {
        if (file.endsWith(".class") && !file.equals("module-info.class")) {
            String name = file.substring(0, file.length() - 6);
            found.add(folder.isEmpty() ? name : folder.replace('/', '.') + '.' + name);
        }
    }

    private static Map<String, Set<String>> index(URL url) throws IOException {
        Map<String, Set<String>> packages = new HashMap<>();
        JarURLConnection connection = (JarURLConnection) url.openConnection();
        connection.setUseCaches(false);
        try (JarFile jar = connection.getJarFile()) {
            for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements(); ) {
                String name = all.nextElement().getName();
                if (name.endsWith(".class")) {
                    int slash = name.lastIndexOf('/');
                    String folder = slash < 0 ? "" : name.substring(0, slash);
                    Set<String> names = packages.get(folder);
                    if (names == null) {
                        names = new HashSet<>();
                        packages.put(folder, names);
                    }
                    names.add(name.substring(slash + 1));
                }
            }
        }
        return packages;
    }

    /** The class file; null where there is none. */
    byte[] find(String name) throws IOException {
        Ended.look();
        byte[] file = known.get(name);
        if (file != null) {
            return file;
        }
        return Resource.read(loader, name.replace('.', '/') + ".class");
    }

    byte[] read(String name) throws IOException {
        byte[] file = find(name);
        if (file == null) {
            throw new IOException(name);
        }
        return file;
    }
}
