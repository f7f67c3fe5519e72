insert into articles values ('axle', 31.50), ('belt', 4.20), ('cog', 0.85), ('drum', 112.00), ('engine', 940.00);
insert into orders
select x, mod(x, 19), casewhen(mod(x, 5) = 0, 'axle', casewhen(mod(x, 5) = 1, 'belt', casewhen(mod(x, 5) = 2, 'cog', casewhen(mod(x, 5) = 3, 'drum', 'engine')))), 1 + mod(x, 7)
from system_range(1, 190);
