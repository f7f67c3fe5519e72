package org.benf.cfr.reader.util.output;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Stands before CFR's own class of this name, which takes named loggers of the application's LogManager and gives each a
 * handler of CFR's classes. The next job's CFR is given the same loggers, keeps them, and so all decompilers before it: a
 * heap that is collected only while one works would never lose any. And warnings would go to the application's stderr.
 */
public final class LoggerFactory extends Logger {
    private static final Logger SILENT = new LoggerFactory();

    private LoggerFactory() {
        super(null, null);
    }

    public static <T> Logger create(Class<T> of) {
        return SILENT;
    }

    @Override
    public boolean isLoggable(Level level) {
        return false;
    }
}
