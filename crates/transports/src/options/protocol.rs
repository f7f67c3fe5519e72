//! Whether clients of the MCP server have sessions.

/// What `mcp-protocol` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// A client begins a session; answers and news come as a stream of events.
    #[default]
    Streamable,
    /// Each request stands alone and is answered at once.
    Stateless,
}

impl Protocol {
    /// Reads a value; the error is the end of a sentence that begins with the option's name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        [Self::Streamable, Self::Stateless]
            .into_iter()
            .find(|protocol| protocol.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                format!("is '{text}', which is neither streamable nor stateless: it is streamable")
            })
    }

    /// As the option has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Streamable => "streamable",
            Self::Stateless => "stateless",
        }
    }
}
