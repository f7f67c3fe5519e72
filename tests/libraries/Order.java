package libraries;

import javax.persistence.Entity;
import javax.persistence.FetchType;
import javax.persistence.Id;
import javax.persistence.ManyToOne;
import javax.persistence.Table;

/** Has a customer that Hibernate reads when somebody asks for it. */
@Entity
@Table(name = "orders")
public class Order {
    @Id private long id;
    private String item;

    @ManyToOne(fetch = FetchType.LAZY)
    private Customer customer;

    public String getItem() {
        return item;
    }

    public Customer getCustomer() {
        return customer;
    }
}
