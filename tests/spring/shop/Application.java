package shop;

import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

/** A shop on Spring Boot that gets requests all the time: from itself, over the network. Says `ready` and its port. */
@SpringBootApplication
public class Application {
    private static final int PAUSE_MS = 20;
    /** Of so many customers, the last one does not exist. */
    private static final int CUSTOMERS = 20;

    public static void main(String[] args) throws Exception {
        ConfigurableApplicationContext context = SpringApplication.run(Application.class, args);
        int port = ((WebServerApplicationContext) context).getWebServer().getPort();
        Thread load = new Thread(() -> load(port), "load");
        load.setDaemon(true);
        load.start();
        System.out.println("ready " + port);
    }

    private static void load(int port) {
        byte[] buffer = new byte[4096];
        for (int request = 0; ; request++) {
            try {
                URL url = new URL("http://127.0.0.1:" + port + "/orders/" + request % CUSTOMERS);
                HttpURLConnection connection = (HttpURLConnection) url.openConnection();
                boolean refused = connection.getResponseCode() >= 400;
                try (InputStream body = refused ? connection.getErrorStream() : connection.getInputStream()) {
                    while (body.read(buffer) >= 0) {
                        // Only the reading counts.
                    }
                }
                Thread.sleep(PAUSE_MS);
            } catch (Exception e) {
                System.out.println("request failed: " + e);
            }
        }
    }
}
