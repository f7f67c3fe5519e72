create table articles (name varchar(40) primary key, price decimal(10, 2));
create table orders (id bigint primary key, customer int, article varchar(40), pieces int);
create index orders_by_customer on orders (customer);
