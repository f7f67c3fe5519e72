package java.oxprobe;

/**
 * What woven code calls. Every method is straight-line code that allocates nothing and throws nothing of its own; the
 * branch for a closed gate comes first, since that is what an application pays for most of its time.
 *
 * <p>The zeros in the name stand for a hash of this file's and the advice's byte code, which the agent puts in: a class of
 * the boot loader never unloads, so a later agent with other helpers needs another class. See ARCHITECTURE.md.
 *
 * <p>The parts written for the shape {@code A1J1} are repeated by {@code scripts/shim} for every other shape.
 */
public final class Spy_00000000 {
    /** Of a gate: native code is told at the entry and always at the exit. */
    private static final int TELL = 1 << 24;
    /** Of a gate: call sites are told. */
    private static final int CALLS = 1 << 25;
    /** Of a gate: lines are told. */
    private static final int LINES = 1 << 26;
    /** Of a gate: native code gets the values at the entry of calls that a lane goes on with. */
    private static final int ENTRY_VALUES = 1 << 27;
    /** Of a gate: native code gets the values at the exit of calls that a lane goes on with. */
    private static final int EXIT_VALUES = 1 << 28;

    /** The switch for all. Volatile: what makes a loop that is compiled already see a gate change. */
    private static volatile int on;
    /** The gates of the first ids: a constant array and a constant index, which the JIT makes one comparison of. */
    private static final int[] near = new int[1 << 14];
    /** All others, 1,024 to a page; pages are made before their ids are given out. */
    private static final int[][] far = new int[1024][];
    /** The first condition of each id, or null. */
    private static final Advice_00000000[][] advices = new Advice_00000000[1024][];
    /** The next id that was never given out. */
    private static int next;

    private Spy_00000000() {}

    // Entry and exit, without values. A condition that would need values counts as not true.

    public static long enter(int id) {
        return on == 0 ? 0L : opened(id);
    }

    private static long opened(int id) {
        int gate = gate(id);
        return gate == 0 ? 0L : token(gate, id, gate & 0xff & ~(gate >>> 8));
    }

    public static void exit(int id, long token) {
        if (token != 0L) {
            left(id, token);
        }
    }

    private static void left(int id, long token) {
        if (on == 0) {
            return;
        }
        int gate = gate(id);
        tell(gate, id, token, gate & ~(gate >>> 16) & (int) token & 0xff);
    }

    public static void thrown(Throwable thrown, int id, long token) {
        if (token != 0L) {
            flown(thrown, id, token);
        }
    }

    private static void flown(Throwable thrown, int id, long token) {
        if (on == 0) {
            return;
        }
        int gate = gate(id);
        tell(gate, thrown, id, token, gate & ~(gate >>> 16) & (int) token & 0xff);
    }

    // each shape {

    public static long enterA1J1(int id, Object a0, long j0) {
        return on == 0 ? 0L : openedA1J1(id, a0, j0);
    }

    private static long openedA1J1(int id, Object a0, long j0) {
        int gate = gate(id);
        if (gate == 0) {
            return 0L;
        }
        int lanes = gate & 0xff;
        if ((lanes & gate >>> 8) != 0) {
            Advice_00000000 first = advices[id >>> 10][id & 1023];
            lanes = first == null ? lanes & ~(gate >>> 8) : first.enterA1J1(lanes, a0, j0);
        }
        if ((gate & ENTRY_VALUES) != 0 && lanes != 0) {
            return beganA1J1(Thread.currentThread(), id, lanes, a0, j0);
        }
        return token(gate, id, lanes);
    }

    public static void exitA1J1(long rj, Object ra, int id, long token, Object a0, long j0) {
        if (token != 0L) {
            leftA1J1(rj, ra, id, token, a0, j0);
        }
    }

    private static void leftA1J1(long rj, Object ra, int id, long token, Object a0, long j0) {
        if (on == 0) {
            return;
        }
        int gate = gate(id);
        int lanes = gate & (int) token & 0xff;
        if ((lanes & gate >>> 16) != 0) {
            Advice_00000000 first = advices[id >>> 10][id & 1023];
            lanes = first == null ? lanes & ~(gate >>> 16) : first.exitA1J1(lanes, token, rj, ra, null, a0, j0);
        }
        if ((gate & EXIT_VALUES) != 0 && lanes != 0) {
            endedA1J1(Thread.currentThread(), id, token & ~0xffL | lanes, rj, ra, a0, j0);
        } else {
            tell(gate, id, token, lanes);
        }
    }

    public static void thrownA1J1(Throwable thrown, int id, long token, Object a0, long j0) {
        if (token != 0L) {
            flownA1J1(thrown, id, token, a0, j0);
        }
    }

    private static void flownA1J1(Throwable thrown, int id, long token, Object a0, long j0) {
        if (on == 0) {
            return;
        }
        int gate = gate(id);
        int lanes = gate & (int) token & 0xff;
        if ((lanes & gate >>> 16) != 0) {
            Advice_00000000 first = advices[id >>> 10][id & 1023];
            lanes = first == null ? lanes & ~(gate >>> 16) : first.exitA1J1(lanes, token, 0L, null, thrown, a0, j0);
        }
        if ((gate & EXIT_VALUES) != 0 && lanes != 0) {
            failedA1J1(Thread.currentThread(), thrown, id, token & ~0xffL | lanes, a0, j0);
        } else {
            tell(gate, thrown, id, token, lanes);
        }
    }

    public static void lineA1J1(long token, int id, int place, Object a0, long j0) {
        if (token != 0L && on != 0 && (gate(id) & LINES) != 0) {
            lineInA1J1(Thread.currentThread(), token, id, place, a0, j0);
        }
    }

    private static native void lineInA1J1(Thread thread, long token, int id, int place, Object a0, long j0);

    private static native long beganA1J1(Thread thread, int id, int lanes, Object a0, long j0);

    private static native void endedA1J1(Thread thread, int id, long token, long rj, Object ra, Object a0, long j0);

    private static native void failedA1J1(Thread thread, Throwable thrown, int id, long token, Object a0, long j0);

    // } each shape

    private static int gate(int id) {
        return id < 1 << 14 ? near[id] : far[id >>> 10][id & 1023];
    }

    private static long token(int gate, int id, int lanes) {
        if ((gate & TELL) != 0) {
            return began(Thread.currentThread(), id, lanes);
        }
        return lanes == 0 ? 0L : stamp(lanes);
    }

    private static void tell(int gate, int id, long token, int lanes) {
        if ((gate & TELL) != 0) {
            endedIn(Thread.currentThread(), id, token & ~0xffL | lanes);
        } else if (lanes != 0) {
            ended(id, token & ~0xffL | lanes);
        }
    }

    private static void tell(int gate, Throwable thrown, int id, long token, int lanes) {
        if ((gate & TELL) != 0) {
            failedIn(Thread.currentThread(), thrown, id, token & ~0xffL | lanes);
        } else if (lanes != 0) {
            failed(thrown, id, token & ~0xffL | lanes);
        }
    }

    // Call sites and handlers.

    public static void before(long token, int id, int site) {
        if (token != 0L && on != 0 && (gate(id) & CALLS) != 0) {
            beforeIn(Thread.currentThread(), id, site);
        }
    }

    /** A call that follows the entry at once: it began when the method did. */
    public static void first(long token, int id, int site) {
        if (token != 0L && on != 0 && (gate(id) & CALLS) != 0) {
            firstIn(Thread.currentThread(), token, id, site);
        }
    }

    /** A call has ended, and the next one follows at once. */
    public static void next(long token, int id, int left, int site) {
        if (token != 0L && on != 0 && (gate(id) & CALLS) != 0) {
            nextIn(Thread.currentThread(), id, left, site);
        }
    }

    public static void after(long token, int id, int site) {
        if (token != 0L && on != 0 && (gate(id) & CALLS) != 0) {
            afterIn(Thread.currentThread(), id, site);
        }
    }

    public static void caught(long token, int id) {
        if (token != 0L && on != 0 && (gate(id) & TELL) != 0) {
            caughtIn(Thread.currentThread(), id);
        }
    }

    // The agent's side. A token is the time in ticks, shifted left by eight, and the lanes in the eight bits below.

    private static native long stamp(int lanes);

    private static native long began(Thread thread, int id, int lanes);

    private static native void ended(int id, long token);

    private static native void endedIn(Thread thread, int id, long token);

    private static native void failed(Throwable thrown, int id, long token);

    private static native void failedIn(Thread thread, Throwable thrown, int id, long token);

    private static native void beforeIn(Thread thread, int id, int site);

    private static native void firstIn(Thread thread, long token, int id, int site);

    private static native void nextIn(Thread thread, int id, int left, int site);

    private static native void afterIn(Thread thread, int id, int site);

    private static native void caughtIn(Thread thread, int id);

    /** The clock that tokens hold, for conditions on the cost of a call. */
    public static native long ticks();

    // Called by the agent only, one thread at a time.

    /** The first of as many new ids, or -1 if there are not that many left. */
    private static int reserve(int count) {
        int first = next;
        if (count > (1 << 20) - first) {
            return -1;
        }
        for (int page = first >>> 10; page <= first + count - 1 >>> 10; page++) {
            if (advices[page] == null) {
                far[page] = page < near.length >>> 10 ? null : new int[1024];
                advices[page] = new Advice_00000000[1024];
            }
        }
        next = first + count;
        return first;
    }

    private static void gate(int id, int gate) {
        if (id < near.length) {
            near[id] = gate;
        } else {
            far[id >>> 10][id & 1023] = gate;
        }
        on = on;
    }

    private static void advice(int id, Advice_00000000 first) {
        advices[id >>> 10][id & 1023] = first;
        on = on;
    }

    private static void on(int value) {
        on = value;
    }
}
