package java.oxprobe;

/**
 * A condition of one lane on one method, compiled by the agent into a subclass that overrides what it decides on: the entry
 * or the exit, in the shape of the method's values. It clears its own lane where it is not true and goes on to the next.
 *
 * <p>It must not throw, and it must not call code of the application.
 */
public abstract class Advice_00000000 {
    /** The one bit of this lane. */
    public final int lane;
    /** The next condition on the same method, or null. */
    public final Advice_00000000 next;

    protected Advice_00000000(int lane, Advice_00000000 next) {
        this.lane = lane;
        this.next = next;
    }

    // each shape {

    public int enterA1J1(int lanes, Object a0, long j0) {
        return next == null ? lanes : next.enterA1J1(lanes, a0, j0);
    }

    public int exitA1J1(int lanes, long token, long rj, Object ra, Throwable thrown, Object a0, long j0) {
        return next == null ? lanes : next.exitA1J1(lanes, token, rj, ra, thrown, a0, j0);
    }

    // } each shape
}
