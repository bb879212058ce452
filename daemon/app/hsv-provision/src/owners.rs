// SPDX-License-Identifier: MIT OR Apache-2.0
//! The owner's file, `hsv.toml`: Wi-Fi networks, settings for hsvd, and the same file without its networks. What
//! a setting may be is hsvd's to say.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::network::{Network, Secret, Unfit};
use crate::text::Coding;

const WIFI: &str = "wifi";
const KEYS: [&str; 4] = ["ssid", "password", "hidden", "country"];
/// More than one of them, and somebody has written a list of another kind.
const MOST_NETWORKS: usize = 8;
/// The image's own: its firewall knows these ports, its bus this name, and the code is drawn on the camera.
const SYSTEMS: [&str; 4] = ["control", "hap", "hds", "pairing"];
/// What word processors and telephones make of `"` and `'`.
const CURLY: [char; 10] = [
    '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{ab}', '\u{bb}', '\u{2018}', '\u{2019}',
    '\u{2032}', '\u{2033}',
];

/// What is wrong in a file, and where; both counted from 1, the column in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line and the column, where there is a place.
    pub at: Option<(usize, usize)>,
    /// In plain words.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(out, "line {line}, column {column}: {}", self.text),
            None => out.write_str(&self.text),
        }
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self { at: None, text }
    }
}

/// `[wifi]`, or several as `[[wifi]]`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wifi {
    /// In the order in which they are tried.
    pub networks: Vec<Network>,
    /// Two capital letters; the country whose radio rules hold.
    pub country: Option<String>,
}

/// What the owner's file says. Its parts stand apart: a wrong setting is no reason to stay without a network.
#[derive(Debug)]
pub struct Owners {
    /// Empty where there is no network, also after they were taken out.
    pub wifi: Result<Wifi, Fault>,
    /// For hsvd, line by line where it was; hsvd has not seen it yet.
    pub settings: Result<String, Fault>,
    /// The file as it is written back: as long as it was, with blanks where networks and their passwords stood.
    pub without_wifi: String,
}

impl Owners {
    /// Reads the text of a file; `coding` is how that is kept.
    ///
    /// # Errors
    /// It is no TOML.
    pub fn parse(text: &str, coding: Coding) -> Result<Self, Fault> {
        let table = DeTable::parse(text).map_err(|error| not_toml(text, &error))?;
        let table = table.get_ref();
        let mut reader = Reader { text, entries: Vec::new(), headers: Vec::new() };
        let wifi = match table.iter().find(|(key, _)| key.get_ref() == WIFI) {
            Some((key, value)) => reader.wifi(key.span(), value),
            None => Ok(Wifi::default()),
        };
        let mut without_wifi = blanked(text, &reader.entries, coding);
        if let Ok(wifi) = &wifi {
            without_wifi = without_comments_on(&without_wifi, wifi, coding);
        }
        let settings = match refused(table) {
            Some((span, what)) => {
                Err(reader.fault(span, format!("{what} is set by the camera's system")))
            }
            None => Ok(blanked(&without_wifi, &reader.headers, coding)),
        };
        Ok(Self { wifi, settings, without_wifi })
    }
}

struct Reader<'t> {
    text: &'t str,
    /// Where the networks' keys and values stand.
    entries: Vec<Range<usize>>,
    /// Where `[wifi]` stands.
    headers: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn fault(&self, span: Range<usize>, text: impl fmt::Display) -> Fault {
        Fault { at: Some(place(self.text, span.start)), text: text.to_string() }
    }

    fn wifi(&mut self, key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Result<Wifi, Fault> {
        if value.span().start >= key.end {
            self.entries.push(key.start..value.span().end); // wifi = ...
        }
        let tables: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(several) => several.iter().collect(),
            _ => vec![value],
        };
        let mut whole = Wifi::default();
        let mut first = None;
        for one in tables {
            let DeValue::Table(table) = one.get_ref() else {
                return Err(self.fault(
                    one.span(),
                    "a network is written as [wifi], with ssid and password below",
                ));
            };
            if self.text.get(one.span()).is_some_and(|text| text.starts_with('[')) {
                self.headers.push(one.span());
            }
            let ends = table.iter().map(|(key, value)| key.span().start..value.span().end);
            self.entries.extend(ends);
            // The first fault is told, and every network's place is known all the same
            match self.network(table, one.span()) {
                Ok((network, country)) => {
                    whole.networks.extend(network);
                    if country.is_some() && whole.country.is_some() && country != whole.country {
                        first.get_or_insert(
                            self.fault(one.span(), "two networks in different countries"),
                        );
                    }
                    whole.country = whole.country.or(country);
                }
                Err(fault) => {
                    first.get_or_insert(fault);
                }
            }
        }
        if whole.networks.len() > MOST_NETWORKS {
            first.get_or_insert(
                self.fault(value.span(), format!("more than {MOST_NETWORKS} networks")),
            );
        }
        first.map_or(Ok(whole), Err)
    }

    fn network(
        &self,
        table: &DeTable<'_>,
        header: Range<usize>,
    ) -> Result<(Option<Network>, Option<String>), Fault> {
        for key in table.keys() {
            if !KEYS.contains(&key.get_ref().as_ref()) {
                let known = KEYS.join(", ");
                return Err(self.fault(
                    key.span(),
                    format!("{} is no key of [wifi]; it knows {known}", key.get_ref()),
                ));
            }
        }
        let country = self
            .string(table, "country")?
            .map(|(text, span)| self.country(text, span))
            .transpose()?;
        let password = self.string(table, "password")?;
        let Some((ssid, span)) = self.string(table, "ssid")? else {
            return match password {
                Some((_, span)) => {
                    Err(self.fault(span, "a password without ssid, the network's name"))
                }
                None if table.contains_key("hidden") => {
                    Err(self.fault(header, "ssid, the network's name, is missing"))
                }
                None => Ok((None, country)),
            };
        };
        Network::ensure_ssid(ssid).map_err(|unfit: Unfit| self.fault(span, unfit))?;
        let secret = match password {
            Some((text, span)) => Secret::of(text).map_err(|unfit| self.fault(span, unfit))?,
            None => Secret::None,
        };
        let is_hidden = match table.get("hidden").map(|value| (value.get_ref(), value.span())) {
            None => false,
            Some((DeValue::Boolean(is_hidden), _)) => *is_hidden,
            Some((_, span)) => return Err(self.fault(span, "hidden is true or false")),
        };
        Ok((Some(Network { ssid: ssid.to_owned(), secret, is_hidden }), country))
    }

    fn country(&self, text: &str, span: Range<usize>) -> Result<String, Fault> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            Ok(text.to_ascii_uppercase())
        } else {
            Err(self.fault(span, "a country has two letters, as in \"DE\""))
        }
    }

    fn string<'a>(
        &self,
        table: &'a DeTable<'_>,
        key: &str,
    ) -> Result<Option<(&'a str, Range<usize>)>, Fault> {
        match table.get(key).map(|value| (value.get_ref(), value.span())) {
            None => Ok(None),
            Some((DeValue::String(text), span)) => Ok(Some((text, span))),
            Some((_, span)) => {
                Err(self.fault(span, format!("{key} is text: put it between two \"")))
            }
        }
    }
}

/// A key that is not the owner's on an image.
fn refused(table: &DeTable<'_>) -> Option<(Range<usize>, String)> {
    for (key, value) in table {
        if SYSTEMS.contains(&key.get_ref().as_ref()) {
            return Some((key.span(), format!("[{}]", key.get_ref())));
        }
        if let ("live", DeValue::Table(live)) = (key.get_ref().as_ref(), value.get_ref())
            && let Some((key, _)) = live.get_key_value("port-range")
        {
            return Some((key.span(), "port-range".to_owned()));
        }
    }
    None
}

fn not_toml(text: &str, error: &toml::de::Error) -> Fault {
    let Some(span) = error.span() else { return Fault::from(error.message().to_owned()) };
    let line = lines(text).find(|line| line.start <= span.start && span.start <= line.end);
    let curly = line.and_then(|line| {
        let found = text.get(line.clone())?.char_indices().find(|(_, c)| CURLY.contains(c));
        found.map(|(at, c)| (line.start + at, c))
    });
    match curly {
        Some((at, c)) => Fault {
            at: Some(place(text, at)),
            text: format!("{c} is a curly quotation mark; type the straight \" instead"),
        },
        None => Fault { at: Some(place(text, span.start)), text: error.message().to_owned() },
    }
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (1 + before.matches('\n').count(), 1 + line.chars().count())
}

/// Where the lines are, without their ends.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some(start..start + line.trim_end_matches(['\r', '\n']).len())
    })
}

/// With `#` and blanks in place of each line that one of `spans` touches.
fn blanked(text: &str, spans: &[Range<usize>], coding: Coding) -> String {
    blank_lines(text, coding, |line| {
        spans.iter().any(|span| span.start <= line.end && line.start < span.end)
    })
}

/// A comment that has a network's password in it goes with the network.
fn without_comments_on(text: &str, wifi: &Wifi, coding: Coding) -> String {
    let secrets = wifi.networks.iter().filter_map(|network| match &network.secret {
        Secret::None => None,
        Secret::Passphrase(text) | Secret::Key(text) => Some(text.as_str()),
    });
    let secrets: Vec<&str> = secrets.collect();
    blank_lines(text, coding, |line| {
        let line = text.get(line).unwrap_or_default();
        line.trim_start().starts_with('#') && secrets.iter().any(|secret| line.contains(secret))
    })
}

fn blank_lines(text: &str, coding: Coding, is_doomed: impl Fn(Range<usize>) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for line in lines(text) {
        out.push_str(text.get(at..line.start).unwrap_or_default());
        let said = text.get(line.clone()).unwrap_or_default();
        at = line.end;
        if is_doomed(line) {
            let blanks: usize = said.chars().map(|c| coding.spaces_for(c)).sum();
            out.extend((0..blanks).map(|n| if n == 0 { '#' } else { ' ' }));
        } else {
            out.push_str(said);
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests;
