// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl settings [get|set|unset]`.

use clap::{Args, Subcommand};
use control::Setting;
use serde_json::{Value, json};

use crate::bus::{Address, Bus};
use crate::fault::{Fault, Word};
use crate::out::{Form, Out, Style};
use crate::table::{Table, cell, clean, plain};

/// Settings over the owner's file, used from the next start on
#[derive(Debug, Args)]
pub struct Settings {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One setting's value, as TOML
    Get {
        /// table.key, as in the file
        key: String,
    },
    /// Give a setting another value
    Set {
        /// table.key, as in the file
        key: String,
        /// As TOML; a text may go without its quotes
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Back to the file's value
    Unset {
        /// table.key, as in the file
        key: String,
    },
}

impl Settings {
    /// Shows or changes.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let bus = Bus::open(at).await?;
        match self.verb {
            None => list(&bus, out).await,
            Some(Verb::Get { key }) => {
                let setting = find(all(&bus).await?, &key)?;
                out.answer(&object(&setting), &clean(&setting.value))
            }
            Some(Verb::Set { key, value }) => {
                let value = as_toml(&find(all(&bus).await?, &key)?, &value);
                change(&bus, &key, Some(&value), out).await
            }
            Some(Verb::Unset { key }) => {
                find(all(&bus).await?, &key)?;
                change(&bus, &key, None, out).await
            }
        }
    }
}

async fn list(bus: &Bus, out: &mut Out) -> anyhow::Result<()> {
    let settings = all(bus).await?;
    let restart_needed = bus.settings().await?.restart_needed().await?;
    if out.form() == Form::Json {
        let settings: Vec<Value> = settings.iter().map(object).collect();
        return Ok(out.json(&json!({"settings": settings, "restart_needed": restart_needed}))?);
    }
    let mut table = Table::headed(&["KEY", "FROM", "VALUE"]);
    for Setting { key, value, from } in &settings {
        let style = if from == "set" { Style::Strong } else { Style::Plain };
        table.row([cell(style, key), plain(from), cell(style, value)]);
    }
    table.print(out)?;
    if restart_needed {
        out.line("")?;
        out.words(Style::Warning, "Some are used from the next start on: hsvctl restart")?;
    }
    Ok(())
}

/// Every setting.
pub async fn all(bus: &Bus) -> anyhow::Result<Vec<Setting>> {
    Ok(bus.settings().await?.list().await?)
}

/// The one of this key.
pub fn find(settings: Vec<Setting>, key: &str) -> Result<Setting, Fault> {
    settings.into_iter().find(|setting| setting.key == key).ok_or_else(|| {
        Fault::new(Word::Camera("invalid-setting"), format!("there is no setting {key}"))
            .advise("hsvctl settings lists them all")
    })
}

/// The camera's name; none where the caller may not see settings.
pub async fn name_of_camera(bus: &Bus) -> anyhow::Result<Option<String>> {
    let settings = match all(bus).await {
        Ok(settings) => settings,
        Err(error) if Fault::of(&error).word == Word::NotAllowed => return Ok(None),
        Err(error) => return Err(error),
    };
    let name = settings.iter().find(|setting| setting.key == "name");
    Ok(name.and_then(|setting| parsed(&setting.value)?.as_str().map(str::to_owned)))
}

/// Sets or, without a value, unsets, and says from when on it counts.
pub async fn change(
    bus: &Bus,
    key: &str,
    value: Option<&str>,
    out: &mut Out,
) -> anyhow::Result<()> {
    let settings = bus.settings().await?;
    match value {
        Some(value) => settings.set(key, value).await?,
        None => settings.unset(key).await?,
    }
    let setting = find(all(bus).await?, key)?;
    let restart_needed = settings.restart_needed().await?;
    if out.form() == Form::Json {
        let mut object = object(&setting);
        object["restart_needed"] = restart_needed.into();
        return Ok(out.json(&object)?);
    }
    out.words(Style::Plain, &clean(&format!("{key} = {}", setting.value)))?;
    if restart_needed {
        out.words(Style::Quiet, "It is used from the next start on: hsvctl restart")?;
    }
    Ok(())
}

fn object(setting: &Setting) -> Value {
    json!({"key": setting.key, "value": setting.value, "from": setting.from})
}

/// A TOML value alone; none if `text` is not one.
pub fn parsed(text: &str) -> Option<toml::Value> {
    let mut table: toml::Table = format!("x = {text}").parse().ok()?;
    table.remove("x").filter(|_| table.is_empty())
}

/// What is meant by `text` for a setting whose value is like this: a text may go without quotes.
fn as_toml(setting: &Setting, text: &str) -> String {
    let is_text = |value: Option<toml::Value>| value.is_some_and(|value| value.is_str());
    if is_text(parsed(&setting.value)) && !is_text(parsed(text)) {
        toml::Value::String(text.to_owned()).to_string()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gets_its_quotes_and_nothing_else_does() {
        let like = |value: &str| Setting {
            key: "k".to_owned(),
            value: value.to_owned(),
            from: "file".to_owned(),
        };
        for (present, given, sent) in [
            ("\"Porch\"", "Front Door", "\"Front Door\""),
            ("\"Porch\"", "\"Front Door\"", "\"Front Door\""),
            ("\"Porch\"", "'42'", "'42'"),
            ("\"Porch\"", "42", "\"42\""),
            ("\"Porch\"", "a\"\nb = \"1", "\"a\\\"\\nb = \\\"1\""),
            ("50", "60", "60"),
            ("50", "sixty", "sixty"),
            ("[]", "[{ left = 0 }]", "[{ left = 0 }]"),
        ] {
            let toml = as_toml(&like(present), given);
            assert_eq!(parsed(&toml), parsed(sent), "{given} for {present}");
            assert!(parsed(sent).is_some() || toml == sent, "{given} for {present}: {toml}");
        }
    }

    #[test]
    fn one_value_is_one_value() {
        assert_eq!(parsed("1\ny = 2"), None);
        assert_eq!(parsed("1"), Some(toml::Value::Integer(1)));
    }
}
