package oxprobe;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.security.ProtectionDomain;
import java.util.ResourceBundle;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** The loader of a part, which shows the agent each class file before it defines it. */
final class Room extends URLClassLoader {
    private static final String IMAGE = "jrt:/jdk.compiler/";
    /** That of the agent: with a security manager, too, a part may do what it is asked for. */
    private static final ProtectionDomain DOMAIN = Room.class.getProtectionDomain();
    private final JarFile jar;

    /**
     * @param place the path of a jar, or what {@link #compiler} gave
     * @param parent null is the boot loader
     */
    Room(String place, ClassLoader parent) throws IOException {
        super(new URL[] {place.equals(IMAGE) ? new URL(place) : new File(place).toURI().toURL()}, parent);
        jar = place.equals(IMAGE) ? null : new JarFile(new File(place), false);
    }

    /** Where the JDK's own compiler lies; null where there is none. */
    static String compiler() {
        try {
            // Where the application's modules do without it, the interface to it is not there.
            Class.forName("javax.tools.JavaCompiler", false, Room.class.getClassLoader());
            String home = System.getProperty("java.home");
            for (String tools : new String[] {home + "/../lib/tools.jar", home + "/lib/tools.jar"}) {
                if (new File(tools).isFile()) {
                    return tools;
                }
            }
            new URL(IMAGE + "com/sun/tools/javac/api/JavacTool.class").openStream().close();
            return IMAGE;
        } catch (IOException | ClassNotFoundException none) {
            return null;
        }
    }

    /** The JDK's loaders would give the compiler that is the application's. */
    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (jar == null && name.startsWith("com.sun.")) {
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                return known == null ? findClass(name) : known;
            }
        }
        return super.loadClass(name, resolve);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        ByteArrayOutputStream all = new ByteArrayOutputStream(8192);
        try (InputStream in = open(name.replace('.', '/').concat(".class"))) {
            byte[] part = new byte[8192];
            for (int count; (count = in.read(part)) > 0; ) {
                all.write(part, 0, count);
            }
        } catch (IOException none) {
            throw new ClassNotFoundException(name, none);
        }
        byte[] file = all.toByteArray();
        byte[] changed = changed(file);
        file = changed == null ? file : changed;
        return defineClass(name, file, 0, file.length, DOMAIN);
    }

    private InputStream open(String path) throws IOException {
        if (jar == null) {
            return new URL(IMAGE + path).openStream();
        }
        JarEntry entry = jar.getJarEntry(path);
        if (entry == null) {
            throw new FileNotFoundException(path);
        }
        return jar.getInputStream(entry);
    }

    @Override
    public void close() throws IOException {
        // The JDK keeps bundles until memory is short, and a bundle that is a class keeps its loader.
        ResourceBundle.clearCache(this);
        try {
            super.close();
        } finally {
            if (jar != null) {
                jar.close();
            }
        }
    }

    /** What the class file is to be instead; null where it stays. */
    private static native byte[] changed(byte[] file);
}
