package bank;

import java.util.List;

/** Money of one customer. */
@Entity
public class Account<T> extends Base implements Closeable {
    // PAD

    private static final int MAX = 3;

    public Account(int id) {
        this.id = id;
    }

    /**
     * Takes money out.
     */
    @Override
    public <R> List<R> withdraw(int amount) throws IOException {
        return null;
    }

    static class Entry {
        int amount() {
            return 1;
        }
    }
}

interface Ledger {
    void post();
}

record Pair(int left, int right) {
}

enum Currency {
    EUR, USD
}
