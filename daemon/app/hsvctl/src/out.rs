// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is printed: text for people, with colours where they are wanted, or one JSON object.
#![expect(clippy::print_stderr, reason = "the one place that says what went wrong")]

use std::io::{self, IsTerminal, StdoutLock, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::table::{NARROWEST, clean, wrap};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A person.
    Human,
    /// A program.
    Json,
}

/// What a piece of text is to be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// A heading, or what matters in a line.
    Strong,
    /// What may be passed over.
    Quiet,
    /// All is well.
    Good,
    /// Worth a look.
    Warning,
    /// Somebody must act.
    Bad,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Quiet => "2",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "1;31",
        }
    }
}

/// Standard output.
pub struct Out {
    sink: StdoutLock<'static>,
    form: Form,
    has_colours: bool,
    width: Option<usize>,
}

impl Out {
    /// Of this form; colours and width are the terminal's and the environment's matter.
    pub fn new(form: Form) -> Self {
        let sink = io::stdout().lock();
        let is_terminal = sink.is_terminal();
        let width = if is_terminal { terminal_width() } else { None }.or_else(variable_width);
        Self { has_colours: wants_colours(is_terminal), sink, form, width }
    }

    /// Who reads.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Columns of a line; none where nothing needs to fit.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether a line can be written over.
    pub fn is_terminal(&self) -> bool {
        self.sink.is_terminal()
    }

    /// `text` in `style`, where colours are wanted.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.has_colours && style != Style::Plain && !text.is_empty() {
            format!("\x1b[{}m{text}\x1b[0m", style.code())
        } else {
            text.to_owned()
        }
    }

    /// A line.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.sink, "{}", text.trim_end())
    }

    /// Words, broken into lines that fit.
    pub fn words(&mut self, style: Style, text: &str) -> io::Result<()> {
        for line in wrap(text, self.width) {
            let line = self.paint(style, &line);
            self.line(&line)?;
        }
        Ok(())
    }

    /// Words after a head of so many columns, broken into lines that fit below each other; seen at
    /// once. The head may have colours.
    pub fn headed(
        &mut self,
        head: &str,
        columns: usize,
        style: Style,
        text: &str,
    ) -> io::Result<()> {
        let room = self.width.map(|width| width.saturating_sub(columns).max(NARROWEST));
        for (number, piece) in wrap(text, room).iter().enumerate() {
            let piece = self.paint(style, piece);
            match number {
                0 => self.line(&format!("{head}{piece}"))?,
                _ => self.line(&format!("{:columns$}{piece}", ""))?,
            }
        }
        self.sink.flush()
    }

    /// A piece of a line, seen at once.
    pub fn piece(&mut self, text: &str) -> io::Result<()> {
        self.sink.write_all(text.as_bytes())?;
        self.sink.flush()
    }

    /// What has one line for people and an object for scripts.
    pub fn answer(&mut self, object: &Value, text: &str) -> anyhow::Result<()> {
        match self.form {
            Form::Json => self.json(object)?,
            Form::Human => self.line(text)?,
        }
        Ok(())
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)
    }

    /// One JSON object on a line of its own, seen at once.
    pub fn json(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.sink, "{value}")?;
        self.sink.flush()
    }

    /// What is still held back.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.sink.flush()?)
    }

    /// Says what went wrong, on standard error. A reader that went away is nobody's fault.
    pub fn fault(&self, error: &anyhow::Error) -> ExitCode {
        let is_gone = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
        if error.downcast_ref::<io::Error>().is_some_and(is_gone) {
            return ExitCode::SUCCESS;
        }
        let fault = Fault::of(error);
        match self.form {
            Form::Json => eprintln!(
                "{}",
                json!({"error": fault.word.as_str(), "text": fault.text, "advice": fault.advice})
            ),
            Form::Human => {
                let is_red = wants_colours(io::stderr().is_terminal());
                let head = if is_red { "\x1b[1;31mhsvctl:\x1b[0m" } else { "hsvctl:" };
                let room = error_width().map(|width| width.saturating_sub(INDENT).max(NARROWEST));
                let mut lines = wrap(&clean(&fault.text), room);
                let first = lines.remove(0);
                if !fault.advice.is_empty() {
                    lines.extend(wrap(&clean(&fault.advice), room));
                }
                eprintln!("{head} {first}");
                for line in lines {
                    eprintln!("{:INDENT$}{line}", "");
                }
            }
        }
        fault.word.code()
    }
}

/// A question, on standard error, without an end of line.
pub fn question(text: &str) -> io::Result<()> {
    let mut sink = io::stderr().lock();
    write!(sink, "{text} ")?;
    sink.flush()
}

/// <https://no-color.org> stands above <https://bixense.com/clicolors>.
fn wants_colours(is_terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    let is_off = set("CLICOLOR").is_some_and(|value| value == "0");
    is_terminal && !is_off && set("TERM").is_none_or(|value| value != "dumb")
}

/// Columns before what went wrong: `hsvctl: `.
const INDENT: usize = 8;

fn error_width() -> Option<usize> {
    width_of(io::stderr()).or_else(variable_width)
}

fn terminal_width() -> Option<usize> {
    width_of(io::stdout())
}

fn width_of(terminal: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}

fn variable_width() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|&columns| columns > 0)
}
