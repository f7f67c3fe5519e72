package shop;

import java.math.BigDecimal;

/** A line of the table, and what it comes to. */
public class Order {
    private final long id;
    private final String article;
    private final int pieces;
    private BigDecimal price = BigDecimal.ZERO;

    Order(long id, String article, int pieces) {
        this.id = id;
        this.article = article;
        this.pieces = pieces;
    }

    public long getId() {
        return id;
    }

    public String getArticle() {
        return article;
    }

    public int getPieces() {
        return pieces;
    }

    public BigDecimal getPrice() {
        return price;
    }

    void setPrice(BigDecimal price) {
        this.price = price;
    }
}
