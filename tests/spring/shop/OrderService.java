package shop;

import java.math.BigDecimal;
import java.util.List;
import java.util.NoSuchElementException;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** In a transaction, so that what the controller has is a subclass that Spring made. */
@Service
public class OrderService {
    private final OrderRepository repository;
    private final PriceList prices;

    OrderService(OrderRepository repository, PriceList prices) {
        this.repository = repository;
        this.prices = prices;
    }

    @Transactional(readOnly = true)
    public List<Order> priced(int customer) {
        List<Order> found = repository.findByCustomer(customer);
        if (found.isEmpty()) {
            throw new NoSuchElementException("no orders of customer " + customer);
        }
        for (Order order : found) {
            BigDecimal one = prices.of(order.getArticle());
            order.setPrice(one.multiply(BigDecimal.valueOf(order.getPieces())));
        }
        return found;
    }
}
