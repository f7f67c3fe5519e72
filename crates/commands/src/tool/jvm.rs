//! Tools that look at the JVM as a whole, its objects and its settings.

use ::shell::{Kind, Parameter, Runs, Tool};

use super::{LOADER_CLASS, loader, tool};

const EXPAND: Parameter =
    Parameter::number("expandLevel", "--expand", "Down to which level objects are opened, 4 at most");
const REPEAT: Parameter = Parameter::number("numberOfExecutions", "-n", "Ends after so many pictures");

pub(super) const TOOLS: &[Tool] = &[
    tool(
        "dashboard",
        "Threads, memory, collections and the runtime at a glance, several times",
        Runs::Stream("dashboard"),
        &[
            Parameter::number("intervalMs", "-i", "Milliseconds between two pictures").or("3000"),
            REPEAT.or("3"),
        ],
    ),
    tool(
        "heapdump",
        "Write all objects of the heap to a file in the JVM's file system; the application stands still meanwhile",
        Runs::Command("heapdump"),
        &[
            Parameter::flag("live", "--live", "Only objects that are reachable"),
            Parameter::argument(
                "filePath",
                "Where it is written; a file of its own in the output folder otherwise",
            ),
        ],
    ),
    tool("jvm", "The JVM: versions, arguments, collectors, threads, open files", Runs::Command("jvm"), &[]),
    tool("memory", "How much of each memory pool is used", Runs::Command("memory"), &[]),
    tool(
        "mbean",
        "Names, attributes or metadata of MBeans",
        Runs::Command("mbean"),
        &[
            Parameter::argument("namePattern", "Names of MBeans, such as java.lang:type=Memory").required(),
            Parameter::argument("attributePattern", "Which attributes; * stands for any text"),
            Parameter::flag("metadata", "-m", "Shows what the MBeans declare"),
            // No default: one look is enough, and several end with the status that Arthas has for that, -1.
            Parameter::number("intervalMs", "-i", "Looks again after so many milliseconds"),
            REPEAT.or("1"),
            Parameter::flag("regex", "-E", "The pattern of the attributes is a regular expression"),
        ],
    ),
    tool(
        "thread",
        "Threads with what they take of the processor, stacks, who blocks whom",
        Runs::Command("thread"),
        &[
            Parameter::argument("threadId", "The stack of this thread"),
            Parameter::number("topN", "-n", "The busiest so many with their stacks"),
            Parameter::flag("blocking", "-b", "The thread that holds the lock most others wait for"),
            Parameter::flag("all", "--all", "All threads"),
        ],
    ),
    tool(
        "sysprop",
        "Read system properties, or set one",
        Runs::Command("sysprop"),
        &[
            Parameter::argument("propertyName", "The property; all otherwise"),
            Parameter::argument("propertyValue", "What it is set to"),
        ],
    ),
    tool(
        "sysenv",
        "Read environment variables",
        Runs::Command("sysenv"),
        &[Parameter::argument("envName", "The variable; all otherwise")],
    ),
    tool(
        "vmoption",
        "Read options of the JVM, or set one that can be set while it runs",
        Runs::Command("vmoption"),
        &[
            Parameter::argument("key", "The option; all otherwise"),
            Parameter::argument("value", "What it is set to"),
        ],
    ),
    tool(
        "perfcounter",
        "The JVM's own performance counters",
        Runs::Command("perfcounter"),
        &[Parameter::flag("detailed", "-d", "With units and variability")],
    ),
    tool(
        "vmtool",
        "Objects of a class in the heap, and other means of the JVM",
        Runs::Command("vmtool"),
        &[
            Parameter::option("action", "--action", "What is done, such as getInstances").required(),
            loader("classLoaderHash", "--classloader"),
            LOADER_CLASS,
            Parameter::option("className", "--className", "The class"),
            Parameter::number("limit", "--limit", "So many objects at most"),
            EXPAND,
            Parameter::option(
                "express",
                "--express",
                "What is shown of the objects, which are the array instances",
            ),
            Parameter::own("threadId", Kind::Integer, "The thread of interruptThread"),
        ],
    ),
    tool(
        "getstatic",
        "Values of static fields",
        Runs::Command("getstatic"),
        &[
            loader("classLoaderHash", "--classloader"),
            LOADER_CLASS,
            Parameter::argument("className", "The class with its package").required(),
            Parameter::argument("fieldName", "The field; * stands for any text").required(),
            Parameter::argument("ognlExpression", "What is shown of the value"),
        ],
    ),
    tool(
        "ognl",
        "The value of an expression over static members of the application's classes",
        Runs::Command("ognl"),
        &[
            Parameter::argument("expression", "Such as @java.lang.System@getProperty(\"user.dir\")")
                .required(),
            loader("classLoaderHash", "--classLoader"),
            LOADER_CLASS,
            EXPAND,
        ],
    ),
];
