package shop;

import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Repository;

@Repository
public class OrderRepository {
    private final JdbcTemplate jdbc;

    OrderRepository(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    public List<Order> findByCustomer(int customer) {
        return jdbc.query(
                "select id, article, pieces from orders where customer = ? order by id",
                (row, number) -> new Order(row.getLong("id"), row.getString("article"), row.getInt("pieces")),
                customer);
    }
}
