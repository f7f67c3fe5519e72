package oxprobe;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;

/** Reads what a class loader has as files. No class is loaded for it. */
final class Resource {
    private Resource() {}

    /**
     * @param loader null is the boot loader
     * @return the bytes; null where the loader has none, or fails
     */
    static byte[] read(ClassLoader loader, String path) throws IOException {
        URL url;
        try {
            url = loader == null ? ClassLoader.getSystemResource(path) : loader.getResource(path);
        } catch (RuntimeException | LinkageError broken) {
            return null;
        }
        if (url == null) {
            return null;
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
}
