-- People who log in.
CREATE TABLE IF NOT EXISTS app.users (
    id INT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE INDEX users_name ON app.users (name);

CREATE VIEW active AS
SELECT id
FROM app.users;

CREATE OR REPLACE FUNCTION add(a int, b int) RETURNS int AS $$
BEGIN
    RETURN a + b;
END;
$$ LANGUAGE plpgsql;

INSERT INTO app.users VALUES (1, 'x');
