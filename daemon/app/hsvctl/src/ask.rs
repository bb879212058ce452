// SPDX-License-Identifier: MIT OR Apache-2.0
//! Questions before what cannot be taken back. They are asked on a terminal alone; a script says `--yes`.

use std::io::{self, BufRead, IsTerminal};

use crate::fault::{Fault, Word};
use crate::out;

/// Goes on if `yes`, or if somebody at a terminal says so.
pub fn sure(yes: bool, question: &str) -> Result<(), Fault> {
    typed(yes, &format!("{question} Type yes to go on:"), "yes")
}

/// Goes on if `yes`, or if somebody at a terminal types `word`.
pub fn typed(yes: bool, question: &str, word: &str) -> Result<(), Fault> {
    if yes {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let fault = Fault::new(Word::Usage, "nobody is there to confirm this");
        return Err(fault.advise("add --yes if it is meant"));
    }
    let unread = |error: io::Error| Fault::new(Word::File, format!("the terminal: {error}"));
    out::question(question).map_err(unread)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(unread)?;
    if answer.trim() == word {
        Ok(())
    } else {
        Err(Fault::new(Word::Failed, "not confirmed; nothing was changed"))
    }
}
