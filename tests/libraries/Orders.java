package libraries;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.hibernate.Hibernate;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;

/**
 * Entities as Hibernate loads them from H2 in memory: an order whose customer is a proxy, and a customer whose orders are
 * a collection, neither of which was read so far.
 *
 * <p>It says "ready" and then obeys one command a line on its input, answered with "ok LINE: WHAT": "look" passes both to
 * a method, "state" says by Hibernate's own word whether they have been read and how many statements there were, "read"
 * has Hibernate read them. The end of the input ends it.
 */
public class Orders {
    private static final String URL = "jdbc:h2:mem:shop;DB_CLOSE_DELAY=-1";
    /** Held, so that it stays silent. */
    private static final Logger LOGGER = Logger.getLogger("org.hibernate");

    static Order order;
    static Customer customer;

    private final SessionFactory factory;

    private Orders(SessionFactory factory) {
        this.factory = factory;
    }

    public static void main(String[] args) throws Exception {
        LOGGER.setLevel(Level.OFF);
        Configuration configuration = new Configuration();
        configuration.setProperty("hibernate.connection.url", URL);
        configuration.setProperty("hibernate.dialect", "org.hibernate.dialect.H2Dialect");
        configuration.setProperty("hibernate.hbm2ddl.auto", "create");
        configuration.setProperty("hibernate.generate_statistics", "true");
        configuration.addAnnotatedClass(Customer.class).addAnnotatedClass(Order.class);
        Orders orders = new Orders(configuration.buildSessionFactory());
        fill();
        Session session = orders.factory.openSession();
        order = session.get(Order.class, 10L);
        customer = session.get(Customer.class, 2L);
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println("ok " + line + ": " + orders.obey(line));
        }
        System.exit(0);
    }

    /** Not by Hibernate: no object in the heap holds what is only in the database. */
    private static void fill() throws SQLException {
        try (Connection connection = DriverManager.getConnection(URL);
                Statement statement = connection.createStatement()) {
            statement.execute("insert into Customer (id, name) values (1, 'Anna'), (2, 'Bo')");
            statement.execute(
                    "insert into orders (id, item, customer_id) values (10, 'lamp', 1), (20, 'chair', 2), (21, 'sofa', 2)");
        }
    }

    private Object obey(String command) {
        switch (command) {
            case "look":
                return look(order, customer);
            case "state":
                return Hibernate.isInitialized(order.getCustomer())
                        + " "
                        + Hibernate.isInitialized(customer.getOrders())
                        + " "
                        + factory.getStatistics().getPrepareStatementCount();
            case "read":
                Hibernate.initialize(order.getCustomer());
                Hibernate.initialize(customer.getOrders());
                return order.getCustomer().getName() + " " + customer.getOrders().size();
            default:
                throw new IllegalArgumentException(command);
        }
    }

    static boolean look(Order order, Customer customer) {
        return order != null && customer != null;
    }
}
