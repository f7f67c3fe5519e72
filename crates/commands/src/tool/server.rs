//! Tools of the agent itself.

use ::shell::{Kind, Parameter, Runs, Tool};

use super::tool;

pub(super) const TOOLS: &[Tool] = &[
    tool(
        "options",
        "Read the agent's switches, or set one",
        Runs::Command("options"),
        &[
            Parameter::argument("name", "The switch; all otherwise"),
            Parameter::argument("value", "What it is set to"),
        ],
    ),
    tool(
        "stop",
        "Stop the agent: it gives everything back to the JVM and goes",
        Runs::Stop,
        &[Parameter::own("delayMs", Kind::Integer, "Milliseconds after the answer").or("1000")],
    ),
    tool("version", "The agent's version", Runs::Command("version"), &[]),
    tool(
        "viewfile",
        "Read a part of a text file that a command has written",
        Runs::ViewFile,
        &[
            Parameter::own("path", Kind::Text, "The file, in one of the folders that may be read"),
            Parameter::own("cursor", Kind::Text, "Where the answer before said that it goes on"),
            Parameter::own("offset", Kind::Integer, "From this byte on").or("0"),
            Parameter::own("maxBytes", Kind::Integer, "So many bytes at most, 65536 and less").or("8192"),
        ],
    ),
    tool(
        "upload_file",
        "Send a class file, a source file or a recording's settings to the JVM's file system, for mc, redefine, retransform",
        Runs::Upload,
        &[
            Parameter::own("fileName", Kind::Text, "Its name, ending in .class, .java or .jfc").required(),
            Parameter::own("contentBase64", Kind::Text, "What is in it, 1 MiB at most, as base64").required(),
            Parameter::own("expectedSha256", Kind::Text, "Refuses it if its SHA-256 is another"),
        ],
    ),
];
