"""Customers and their orders."""

UP = (
    """
    CREATE TABLE "shop_customers" (
        "id" VARCHAR(64) NOT NULL PRIMARY KEY,
        "created" VARCHAR(27) NOT NULL,
        "name" VARCHAR(100) NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "customer_name" ON "shop_customers" ("name")',
    """
    CREATE TABLE "shop_orders" (
        "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        "customer_id" VARCHAR(64) NOT NULL,
        "product" VARCHAR(64) NOT NULL,
        "price" DECIMAL(10, 2) NOT NULL,
        "paid" BOOLEAN NOT NULL,
        FOREIGN KEY ("customer_id") REFERENCES "shop_customers" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "order_customer" ON "shop_orders" ("customer_id")',
    'CREATE INDEX "order_product" ON "shop_orders" ("product")',
)

DOWN = (
    'DROP TABLE "shop_orders"',
    'DROP TABLE "shop_customers"',
)
