package libraries;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes to a logger of the framework that its first argument names: "slf4j", "log4j", "log4j2", "jul", or "apps" for two
 * applications with loaders and an slf4j of their own.
 *
 * <p>It says "ready" and then obeys one command a line on its input, answered with "ok LINE": "debug NAME TEXT" writes
 * the text at the level for debugging. With applications, the name of one comes first, "one" or "two". The end of the
 * input ends it.
 */
public class Logs {
    /** Writes at the level for debugging. */
    public interface Writer {
        void debug(String name, String text);
    }

    static final class Slf4j implements Writer {
        @Override
        public void debug(String name, String text) {
            org.slf4j.LoggerFactory.getLogger(name).debug(text);
        }
    }

    static final class Log4j implements Writer {
        @Override
        public void debug(String name, String text) {
            org.apache.log4j.Logger.getLogger(name).debug(text);
        }
    }

    static final class Log4j2 implements Writer {
        @Override
        public void debug(String name, String text) {
            org.apache.logging.log4j.LogManager.getLogger(name).debug(text);
        }
    }

    static final class Jul implements Writer {
        /** The JDK holds loggers weakly. */
        private final List<java.util.logging.Logger> held = new ArrayList<java.util.logging.Logger>();

        @Override
        public void debug(String name, String text) {
            java.util.logging.Logger logger = java.util.logging.Logger.getLogger(name);
            held.add(logger);
            logger.fine(text);
        }
    }

    private static URLClassLoader one;
    private static URLClassLoader two;

    /** Called in each application's loader. */
    public static void debugInApp(String name, String text) {
        new Slf4j().debug(name, text);
    }

    public static void main(String[] args) throws Exception {
        // So that what is written stands before the answer to it.
        System.setErr(System.out);
        Writer writer = null;
        switch (args[0]) {
            case "slf4j":
                writer = new Slf4j();
                break;
            case "log4j":
                writer = new Log4j();
                break;
            case "log4j2":
                writer = new Log4j2();
                break;
            case "jul":
                writer = new Jul();
                break;
            default:
                one = app();
                two = app();
                debug(one, "demo.shop", "hidden");
                debug(two, "demo.shop", "hidden");
        }
        if (writer != null) {
            writer.debug("demo.shop", "hidden");
        }
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            if (writer != null) {
                writer.debug(words[1], words[2]);
            } else {
                debug(words[1].equals("one") ? one : two, words[2], words[3]);
            }
            System.out.println("ok " + line);
        }
        System.exit(0);
    }

    private static URLClassLoader app() throws Exception {
        List<URL> urls = new ArrayList<URL>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.endsWith("*")) {
                for (File jar : new File(entry.substring(0, entry.length() - 1)).listFiles()) {
                    urls.add(jar.toURI().toURL());
                }
            } else {
                urls.add(new File(entry).toURI().toURL());
            }
        }
        return new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getSystemClassLoader().getParent());
    }

    private static void debug(ClassLoader app, String name, String text) throws Exception {
        Class<?> here = Class.forName("libraries.Logs", true, app);
        here.getMethod("debugInApp", String.class, String.class).invoke(null, name, text);
    }
}
