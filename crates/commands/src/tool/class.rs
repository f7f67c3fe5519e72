//! Tools that look at loaded classes and change them.

use ::shell::{Parameter, Runs, Tool};

use super::{CLASS, LOADER_CLASS, METHOD, REGEX, loader, tool};

const LIMIT: Parameter = Parameter::number("limit", "--limits", "So many results at most");
const FILES: Parameter =
    Parameter::arguments("classFilePaths", "Class files in the JVM's file system, joined by commas")
        .required();

pub(super) const TOOLS: &[Tool] = &[
    tool(
        "sc",
        "Loaded classes: where they come from, their loaders, fields, interfaces",
        Runs::Command("sc"),
        &[
            CLASS,
            Parameter::flag("detail", "-d", "All there is to know of each class").or("true"),
            Parameter::flag("field", "-f", "With fields and the values of static ones"),
            REGEX,
            loader("classLoaderHash", "--classloader"),
            LOADER_CLASS,
            Parameter::option("classLoaderStr", "--classLoaderStr", "What the loader's toString says"),
            Parameter::number("expand", "--expand", "Down to which level static values are opened"),
            LIMIT,
        ],
    ),
    tool(
        "sm",
        "Methods of loaded classes",
        Runs::Command("sm"),
        &[
            CLASS,
            METHOD,
            Parameter::flag("detail", "-d", "All there is to know of each method").or("true"),
            REGEX,
            loader("classLoaderHash", "--classloader"),
            LOADER_CLASS,
            LIMIT,
        ],
    ),
    tool(
        "jad",
        "The source of a class as it runs, decompiled",
        Runs::Command("jad"),
        &[
            CLASS,
            loader("classLoaderHash", "--code"),
            LOADER_CLASS,
            Parameter::flag("sourceOnly", "--source-only", "Without loader and location"),
            Parameter::flag("noLineNumber", "--lineNumber false", "Without the numbers of lines"),
            Parameter::flag("useRegex", "-E", "The pattern is a regular expression"),
            Parameter::option("dumpDirectory", "--directory", "Where the class file is written"),
        ],
    ),
    tool(
        "classloader",
        "Class loaders: how many, their tree, their classes and jars, resources",
        Runs::Command("classloader"),
        &[
            Parameter::choice(
                "mode",
                &[
                    ("stats", ""),
                    ("instances", "-l"),
                    ("tree", "-t"),
                    ("all-classes", "-a"),
                    ("url-stats", "-u"),
                    ("url-classes", "--url-classes"),
                ],
                "What is shown",
            ),
            loader("classLoaderHash", "--classloader"),
            LOADER_CLASS,
            Parameter::option("resource", "--resource", "Where this resource comes from"),
            Parameter::option("loadClass", "--load", "Loads this class"),
            Parameter::flag("details", "-d", "With the classes' names (url-classes)"),
            Parameter::option("jar", "--jar", "Only jars with this in their name (url-classes)"),
            Parameter::option("classFilter", "--class", "Only classes with this in their name (url-classes)"),
            Parameter::flag("regex", "-E", "Jar and class are regular expressions"),
            Parameter::number("limit", "--limit", "So many names of each jar at most"),
        ],
    ),
    tool(
        "mc",
        "Compile source files against the application's classes",
        Runs::Command("mc"),
        &[
            Parameter::arguments("javaFilePaths", "Source files in the JVM's file system, joined by commas")
                .required(),
            loader("classLoaderHash", "--classloader"),
            LOADER_CLASS,
            Parameter::option("outputDir", "--directory", "Where the class files are written"),
        ],
    ),
    tool(
        "redefine",
        "Replace the code of loaded classes by that of class files",
        Runs::Command("redefine"),
        &[FILES, loader("classLoaderHash", "--classloader"), LOADER_CLASS],
    ),
    tool(
        "retransform",
        "Replace the code of loaded classes by that of class files, together with what other tools do to them",
        Runs::Command("retransform"),
        &[FILES, loader("classLoaderHash", "--classloader"), LOADER_CLASS],
    ),
    tool(
        "dump",
        "Write the class files of loaded classes",
        Runs::Command("dump"),
        &[
            CLASS,
            Parameter::option("outputDir", "--directory", "Where they are written"),
            loader("classLoaderHashcode", "--code"),
            LOADER_CLASS,
            Parameter::number("limit", "--limit", "With more classes than this none is written"),
        ],
    ),
];
