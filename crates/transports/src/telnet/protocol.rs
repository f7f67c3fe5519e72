//! Telnet's own bytes (RFC 854, 856, 857, 858, 1073, 1091): taken out of what a peer sends, and said to it.
//!
//! We echo, and want bytes as they are, the window's size, and the terminal's name; whatever else a peer proposes is
//! declined. It holds at most one subnegotiation of some bytes, whatever is sent.

/// "Interpret as command."
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const ERASE_LINE: u8 = 248;
const ERASE_CHARACTER: u8 = 247;
const ARE_YOU_THERE: u8 = 246;
const INTERRUPT: u8 = 244;
const BREAK: u8 = 243;
const NOP: u8 = 241;
const SE: u8 = 240;

const BINARY: u8 = 0;
const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;
const TERMINAL_TYPE: u8 = 24;
const WINDOW_SIZE: u8 = 31;

/// In a subnegotiation of the terminal's type.
const IS: u8 = 0;
const SEND: u8 = 1;

/// What is kept of a subnegotiation; names of terminals are at most 40 letters (RFC 1091).
const LONGEST: usize = 64;

/// What is said to begin with: what we do, and what the peer shall do.
pub(super) const GREETING: &[u8] = &[
    IAC,
    WILL,
    ECHO,
    IAC,
    WILL,
    SUPPRESS_GO_AHEAD,
    IAC,
    WILL,
    BINARY,
    IAC,
    DO,
    BINARY,
    IAC,
    DO,
    SUPPRESS_GO_AHEAD,
    IAC,
    DO,
    WINDOW_SIZE,
    IAC,
    DO,
    TERMINAL_TYPE,
];

/// Says nothing: whether the peer is still there.
pub(super) const NOTHING: &[u8] = &[IAC, NOP];

/// What a peer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Keys.
    Keys(Vec<u8>),
    /// Columns and rows of its window.
    Size(u16, u16),
    /// The name of its terminal.
    Terminal(String),
    /// It does not tell its terminal's name.
    NoTerminal,
    /// It does not tell its window's size.
    NoSize,
    /// It wants to interrupt what runs.
    Interrupt,
}

/// Reads what a peer sends, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Reader {
    state: State,
    /// The subnegotiation so far, its option first.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Keys,
    /// Behind a carriage return: what belongs to it is left out.
    Returned,
    Command,
    /// Behind WILL, WONT, DO or DONT.
    Option(u8),
    Sub,
    SubCommand,
}

impl Reader {
    /// Reads; `answer` gets what is to be sent back.
    pub(super) fn read(&mut self, bytes: &[u8], answer: &mut Vec<u8>) -> Vec<Said> {
        let mut all = Vec::new();
        for &byte in bytes {
            self.byte(byte, answer, &mut all);
        }
        all
    }

    fn byte(&mut self, byte: u8, answer: &mut Vec<u8>, all: &mut Vec<Said>) {
        self.state = match (self.state, byte) {
            (State::Keys | State::Returned, IAC) => State::Command,
            // A line ends in CR LF or CR NUL (RFC 854), and in CR alone for who sends bytes as they are.
            (State::Returned, b'\n' | 0) => State::Keys,
            (State::Keys | State::Returned, b'\r') => {
                key(b'\r', all);
                State::Returned
            }
            (State::Keys | State::Returned, byte) => {
                key(byte, all);
                State::Keys
            }
            (State::Command, IAC) => {
                key(IAC, all);
                State::Keys
            }
            (State::Command, WILL | WONT | DO | DONT) => State::Option(byte),
            (State::Command, SB) => {
                self.held.clear();
                State::Sub
            }
            (State::Command, command) => {
                match command {
                    INTERRUPT | BREAK => all.push(Said::Interrupt),
                    ERASE_CHARACTER => key(0x7F, all),
                    ERASE_LINE => key(0x15, all),
                    ARE_YOU_THERE => answer.push(0x07),
                    _ => {}
                }
                State::Keys
            }
            (State::Option(verb), option) => {
                option_said(verb, option, answer, all);
                State::Keys
            }
            (State::Sub, IAC) => State::SubCommand,
            (State::Sub, byte) => {
                self.hold(byte);
                State::Sub
            }
            (State::SubCommand, IAC) => {
                self.hold(IAC);
                State::Sub
            }
            (State::SubCommand, SE) => {
                self.subnegotiated(all);
                State::Keys
            }
            // Not ended as it should be: what follows is a command.
            (State::SubCommand, byte) => {
                self.state = State::Command;
                return self.byte(byte, answer, all);
            }
        };
    }

    fn hold(&mut self, byte: u8) {
        if self.held.len() < LONGEST {
            self.held.push(byte);
        }
    }

    fn subnegotiated(&mut self, all: &mut Vec<Said>) {
        match *self.held {
            [WINDOW_SIZE, a, b, c, d] => {
                all.push(Said::Size(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
            }
            [TERMINAL_TYPE, IS, ref name @ ..] => {
                all.push(Said::Terminal(String::from_utf8_lossy(name).to_ascii_lowercase()));
            }
            _ => {}
        }
    }
}

/// What a peer proposes or asks for. Agreement with what we said ourselves is not answered: else both would agree for ever.
fn option_said(verb: u8, option: u8, answer: &mut Vec<u8>, all: &mut Vec<Said>) {
    let ours = matches!(option, ECHO | SUPPRESS_GO_AHEAD | BINARY);
    let theirs = matches!(option, BINARY | SUPPRESS_GO_AHEAD | WINDOW_SIZE | TERMINAL_TYPE);
    match (verb, option) {
        (DO, _) if !ours => answer.extend([IAC, WONT, option]),
        (WILL, TERMINAL_TYPE) => answer.extend([IAC, SB, TERMINAL_TYPE, SEND, IAC, SE]),
        (WILL, _) if !theirs => answer.extend([IAC, DONT, option]),
        (WONT, TERMINAL_TYPE) => all.push(Said::NoTerminal),
        (WONT, WINDOW_SIZE) => all.push(Said::NoSize),
        _ => {}
    }
}

fn key(byte: u8, all: &mut Vec<Said>) {
    match all.last_mut() {
        Some(Said::Keys(keys)) => keys.push(byte),
        _ => all.push(Said::Keys(vec![byte])),
    }
}

/// Bytes as they are sent: what would be a command is doubled.
pub(super) fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<Said>, Vec<u8>) {
        let mut answer = Vec::new();
        let said = Reader::default().read(bytes, &mut answer);
        // However it is cut it says the same.
        let (mut reader, mut slowly, mut slow_answer) = (Reader::default(), Vec::new(), Vec::new());
        for byte in bytes {
            for said in reader.read(&[*byte], &mut slow_answer) {
                match (slowly.last_mut(), said) {
                    (Some(Said::Keys(keys)), Said::Keys(more)) => keys.extend(more),
                    (_, said) => slowly.push(said),
                }
            }
        }
        assert_eq!((&said, &answer), (&slowly, &slow_answer));
        (said, answer)
    }

    fn keys(text: &[u8]) -> Said {
        Said::Keys(text.to_vec())
    }

    #[test]
    fn keys_come_out_as_they_were_typed() {
        assert_eq!(read(b"help\r\0").0, [keys(b"help\r")]);
        assert_eq!(read(b"a\r\nb\rc\n").0, [keys(b"a\rb\rc\n")]);
        assert_eq!(read(&[0xFF, 0xFF, b'x', 0xC3, 0xA4]).0, [keys(&[0xFF, b'x', 0xC3, 0xA4])]);
        assert_eq!(
            read(&[b'a', IAC, ERASE_CHARACTER, IAC, INTERRUPT, b'b']).0,
            [keys(b"a\x7f"), Said::Interrupt, keys(b"b")]
        );
    }

    #[test]
    fn the_window_and_the_terminal_are_told() {
        let bytes = [
            IAC,
            WILL,
            WINDOW_SIZE,
            IAC,
            SB,
            WINDOW_SIZE,
            0,
            120,
            0,
            40,
            IAC,
            SE,
            IAC,
            WILL,
            TERMINAL_TYPE,
            IAC,
            SB,
            TERMINAL_TYPE,
            IS,
            b'X',
            b'T',
            b'e',
            b'r',
            b'm',
            IAC,
            SE,
        ];
        let (said, answer) = read(&bytes);
        assert_eq!(said, [Said::Size(120, 40), Said::Terminal("xterm".to_owned())]);
        assert_eq!(answer, [IAC, SB, TERMINAL_TYPE, SEND, IAC, SE]);
        // 255 columns are sent doubled.
        let wide = [IAC, SB, WINDOW_SIZE, 0, IAC, IAC, 0, 40, IAC, SE];
        assert_eq!(read(&wide).0, [Said::Size(255, 40)]);
        assert_eq!(
            read(&[IAC, WONT, TERMINAL_TYPE, IAC, WONT, WINDOW_SIZE]).0,
            [Said::NoTerminal, Said::NoSize]
        );
    }

    #[test]
    fn what_we_do_not_do_is_declined_and_agreement_is_not_answered() {
        assert_eq!(read(&[IAC, DO, 34, IAC, WILL, 39]).1, [IAC, WONT, 34, IAC, DONT, 39]);
        assert_eq!(read(&[IAC, DO, ECHO, IAC, DO, BINARY, IAC, WILL, BINARY, IAC, DONT, ECHO]).1, b"");
    }

    #[test]
    fn a_subnegotiation_without_end_holds_some_bytes_only() {
        let mut reader = Reader::default();
        let mut answer = Vec::new();
        reader.read(&[IAC, SB, TERMINAL_TYPE], &mut answer);
        for _ in 0..1_000 {
            assert_eq!(reader.read(&[b'x'; 1_000], &mut answer), []);
        }
        assert!(reader.held.capacity() <= 2 * LONGEST);
        assert_eq!(reader.read(&[IAC, SE, b'k'], &mut answer), [keys(b"k")]);
    }

    #[test]
    fn output_is_escaped() {
        let mut out = Vec::new();
        escaped(&[b'a', 0xFF, b'b'], &mut out);
        assert_eq!(out, [b'a', 0xFF, 0xFF, b'b']);
    }
}
