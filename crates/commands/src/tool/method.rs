//! Tools that observe calls of methods while they happen.

use ::shell::{Kind, Parameter, Place, Runs, Tool};

use super::{CLASS, CONDITION, METHOD, REGEX, tool};

const COUNT: Parameter =
    Parameter::number("numberOfExecutions", "--limits", "Ends after so many results").or("1");
const MOST: &str = "With more classes than this nothing is observed";
const EXPAND: Parameter =
    Parameter::number("expandLevel", "--expand", "Down to which level objects are opened, 4 at most").or("1");
const SIZE: Parameter = Parameter::number("sizeLimit", "--sizeLimit", "How many bytes of a value are shown");

const fn observes(
    name: &'static str,
    summary: &'static str,
    start: &'static str,
    parameters: &'static [Parameter],
) -> Tool {
    Tool { name, summary, runs: Runs::Stream(start), is_task: true, parameters }
}

const fn profiler(name: &'static str, option: &'static str) -> Parameter {
    Parameter::option(name, option, "As async-profiler has it")
}

const fn profiler_flag(name: &'static str, option: &'static str) -> Parameter {
    Parameter::flag(name, option, "As async-profiler has it")
}

pub(super) const TOOLS: &[Tool] = &[
    observes(
        "monitor",
        "How often methods are called, how long they take, how often they throw",
        "monitor",
        &[
            CLASS,
            METHOD,
            CONDITION,
            Parameter {
                kind: Kind::Integer,
                place: Place::Seconds("--cycle"),
                ..Parameter::argument("intervalMs", "Milliseconds that are counted together").or("3000")
            },
            COUNT,
            REGEX,
            Parameter::number("maxMatch", "--maxMatch", MOST).or("50"),
            Parameter::time_limit(),
        ],
    ),
    observes(
        "stack",
        "From where methods are called",
        "stack",
        &[CLASS, METHOD, CONDITION, COUNT, REGEX, Parameter::time_limit()],
    ),
    observes(
        "trace",
        "What a method spends its time on: the calls in it with their times",
        "trace",
        &[
            CLASS,
            METHOD,
            CONDITION,
            COUNT,
            REGEX,
            Parameter::number("maxMatchCount", "--maxMatch", MOST).or("50"),
            Parameter::time_limit(),
        ],
    ),
    observes(
        "tt",
        "Record calls, and list, open, search, repeat or forget those recorded",
        "tt",
        &[
            Parameter::choice(
                "action",
                &[
                    ("record", "-t"),
                    ("list", "-l"),
                    ("info", ""),
                    ("search", ""),
                    ("replay", "-p"),
                    ("delete", "-d"),
                    ("deleteAll", "--delete-all"),
                    ("t", "-t"),
                    ("l", "-l"),
                    ("i", ""),
                    ("s", ""),
                    ("p", "-p"),
                    ("d", "-d"),
                    ("da", "--delete-all"),
                ],
                "What is done",
            )
            .required(),
            Parameter::argument("classPattern", "The class whose calls are recorded"),
            Parameter::argument("methodPattern", "The method whose calls are recorded").or("*"),
            CONDITION,
            COUNT,
            REGEX,
            Parameter::number("index", "--index", "The recorded call of this number"),
            Parameter::option(
                "searchExpression",
                "--search-express",
                "Lists the recorded calls for which this holds",
            ),
            Parameter::number("maxMatchCount", "--maxMatch", MOST).or("50"),
            SIZE,
            Parameter::time_limit(),
        ],
    ),
    observes(
        "watch",
        "What methods are called with, what they return and throw",
        "watch",
        &[
            CLASS,
            METHOD,
            Parameter::argument("express", "What is shown, such as {params,returnObj}")
                .or("{params, target, returnObj}"),
            CONDITION,
            Parameter::flag("beforeMethod", "--before", "When a call begins"),
            Parameter::flag("exceptionOnly", "--exception", "When a call throws"),
            Parameter::flag("successOnly", "--success", "When a call returns"),
            COUNT,
            REGEX,
            Parameter::number("maxMatchCount", "--maxMatch", MOST).or("50"),
            EXPAND,
            SIZE,
            Parameter::time_limit(),
        ],
    ),
    tool(
        "profiler",
        "Where time, memory and locks go: samples of stacks",
        Runs::Command("profiler"),
        &[
            Parameter::argument("action", "start, stop, status, dump and others").required(),
            Parameter::argument("actionArg", "What the action takes"),
            profiler("event", "--event"),
            profiler("interval", "--interval"),
            profiler("jstackdepth", "--jstackdepth"),
            profiler("file", "--file"),
            profiler("format", "--format"),
            profiler("alloc", "--alloc"),
            profiler_flag("live", "--live"),
            profiler("lock", "--lock"),
            profiler("jfrsync", "--jfrsync"),
            profiler("wall", "--wall"),
            profiler_flag("threads", "--threads"),
            profiler_flag("sched", "--sched"),
            profiler("cstack", "--cstack"),
            profiler_flag("simple", "-s"),
            profiler_flag("sig", "-g"),
            profiler_flag("ann", "-a"),
            profiler_flag("lib", "-l"),
            profiler_flag("allUser", "--all-user"),
            profiler_flag("norm", "--norm"),
            Parameter::options("include", "--include", "Only stacks with one of these"),
            Parameter::options("exclude", "--exclude", "Only stacks with none of these"),
            profiler("begin", "--begin"),
            profiler("end", "--end"),
            profiler_flag("ttsp", "--ttsp"),
            profiler("title", "--title"),
            profiler("minwidth", "--minwidth"),
            profiler_flag("reverse", "--reverse"),
            profiler_flag("total", "--total"),
            profiler("chunksize", "--chunksize"),
            profiler("chunktime", "--chunktime"),
            profiler("loop", "--loop"),
            profiler("timeout", "--timeout"),
            profiler("duration", "--duration"),
            profiler("features", "--features"),
            profiler("signal", "--signal"),
            profiler("clock", "--clock"),
        ],
    ),
];
