package libraries;

import java.util.ArrayList;
import java.util.List;
import javax.persistence.Entity;
import javax.persistence.FetchType;
import javax.persistence.Id;
import javax.persistence.OneToMany;

/** Has orders that Hibernate reads when somebody asks for them. */
@Entity
public class Customer {
    @Id private long id;
    private String name;

    @OneToMany(mappedBy = "customer", fetch = FetchType.LAZY)
    private List<Order> orders = new ArrayList<Order>();

    public String getName() {
        return name;
    }

    public List<Order> getOrders() {
        return orders;
    }
}
