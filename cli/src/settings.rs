//! Settings from flags and files: names in any spelling, `name:key=value` as objects, and merging
//! by key. The module knows neither data nor runs.

use std::path::Path;

use kindling::format::files;
use kindling::optim::OptimizerSpec;
use kindling::train::ModelSpec;
use kindling::{Error, Result};
use serde_json::{Map, Value, json};

/// Schedules and their aliases.
const SCHEDULES: &[(&str, &[&str])] = &[
    ("StepLR", &["step"]),
    ("MultiStepLR", &["multistep"]),
    ("ExponentialLR", &["exponential", "exp"]),
    ("ConstantLR", &["constant"]),
    ("CosineAnnealingLR", &["cosine", "cosineannealing"]),
    ("CosineAnnealingWarmRestarts", &["warmrestarts", "cosinerestarts"]),
    ("LinearLR", &["linear"]),
    ("PolynomialLR", &["polynomial", "poly"]),
    ("OneCycleLR", &["onecycle"]),
    ("ReduceLROnPlateau", &["plateau"]),
    ("SequentialLR", &["sequential"]),
];

/// Losses and their aliases.
const LOSSES: &[(&str, &[&str])] = &[
    ("cross_entropy", &["crossentropyloss", "ce"]),
    ("mse", &["mseloss", "l2"]),
    ("l1", &["l1loss", "mae"]),
    ("smooth_l1", &["smoothl1loss"]),
    ("huber", &["huberloss"]),
];

/// Augmentations and their aliases.
const AUGMENTS: &[(&str, &[&str])] = &[
    ("RandomCrop", &["crop"]),
    ("RandomHorizontalFlip", &["flip", "hflip", "horizontalflip"]),
    ("RandomVerticalFlip", &["vflip", "verticalflip"]),
    ("ColorJitter", &["jitter", "colourjitter"]),
    ("RandomAffine", &["affine"]),
    ("RandomErasing", &["erasing"]),
];

/// Normalizes the spelling of a name: case, underscores and dashes.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the canonical name of one in any spelling; an unknown name is unchanged.
fn canonical(names: &[(&'static str, &[&str])], name: &str) -> String {
    let wanted = key(name);
    let found = names.iter().find(|(known, others)| key(known) == wanted || others.contains(&wanted.as_str()));
    found.map_or_else(|| name.to_owned(), |(known, _)| (*known).to_owned())
}

/// Returns the canonical name of an optimizer in any spelling.
pub fn optimizer_name(name: &str) -> String {
    let found = OptimizerSpec::NAMES.iter().find(|known| key(known) == key(name));
    found.map_or_else(|| name.to_owned(), |known| (*known).to_owned())
}

/// Lists the optimizers: "sgd, adam, … or muon".
pub fn optimizer_names() -> String {
    let names = OptimizerSpec::NAMES.map(str::to_lowercase);
    names.split_last().map(|(last, others)| format!("{} or {last}", others.join(", "))).unwrap_or_default()
}

/// Returns the canonical name of a loss in any spelling.
pub fn loss_name(name: &str) -> String {
    canonical(LOSSES, name)
}

/// Replaces every `name` in the settings by its canonical one, so that equal names are equal.
pub fn canonicalize(settings: &mut Value) {
    let rename = |value: Option<&mut Value>, canonical: &dyn Fn(&str) -> String| {
        if let Some(Value::String(name)) = value.and_then(|value| value.get_mut("name")) {
            *name = canonical(name);
        }
    };
    rename(settings.get_mut("optimizer"), &optimizer_name);
    rename(settings.get_mut("loss"), &loss_name);
    if let Some(schedule) = settings.get_mut("schedule") {
        rename(Some(schedule), &|name| canonical(SCHEDULES, name));
        for inner in schedule.get_mut("schedules").and_then(Value::as_array_mut).into_iter().flatten() {
            rename(Some(inner), &|name| canonical(SCHEDULES, name));
        }
    }
    for augment in settings.get_mut("augment").and_then(Value::as_array_mut).into_iter().flatten() {
        rename(Some(augment), &|name| canonical(AUGMENTS, name));
    }
}

/// Merges `over` into `under`, key by key. Named objects (an optimizer, a schedule) are replaced as
/// a whole if the names differ.
pub fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over))
            if over.get("name").is_none_or(|n| under.get("name") == Some(n)) =>
        {
            // A model replaces a preset, and vice versa.
            for (new, old) in [("model", "preset"), ("preset", "model")] {
                if over.contains_key(new) && !over.contains_key(old) {
                    under.remove(old);
                }
            }
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// Refuses numbers that are not finite, which JSON cannot hold; the error names their flag.
pub fn finite(numbers: &[(&str, Option<f64>)]) -> Result<()> {
    match numbers.iter().find_map(|(flag, number)| Some((flag, number.filter(|x| !x.is_finite())?))) {
        Some((flag, number)) => Err(Error::value("settings", format!("{flag} must be a finite number, got {number}"))),
        None => Ok(()),
    }
}

/// Returns the path of keys to the first number in a file's settings that is not finite.
fn not_finite(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::Float(number) if !number.is_finite() => Some(format!(" is {number}")),
        toml::Value::Array(list) => list.iter().find_map(not_finite),
        toml::Value::Table(table) => table.iter().find_map(|(key, value)| {
            let rest = not_finite(value)?;
            let dot = if rest.starts_with(' ') { "" } else { "." };
            Some(format!("{key}{dot}{rest}"))
        }),
        _ => None,
    }
}

/// Reads the settings of a file.
pub fn read(path: &Path) -> Result<Value> {
    let bytes = files::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::file(path.display(), "is no text"))?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => serde_json::from_str(text).map_err(|e| Error::file(path.display(), e)),
        Some("toml") => {
            let settings: toml::Value = toml::from_str(text).map_err(|e| Error::file(path.display(), e))?;
            match not_finite(&settings) {
                Some(number) => Err(Error::file(path.display(), format!("{number}; numbers must be finite"))),
                None => serde_json::to_value(settings).map_err(|e| Error::file(path.display(), e)),
            }
        }
        _ => Err(Error::file(path.display(), "must end in .toml or .json")),
    }
}

/// Returns a model's description as JSON, from JSON or text. The data later determines the input of
/// text.
pub fn model(path: &Path) -> Result<Value> {
    let bytes = files::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::file(path.display(), "is no text"))?;
    let named = |e: Error| Error::file(path.display(), e);
    let spec = match path.extension().and_then(|e| e.to_str()) {
        Some("json") => ModelSpec::from_json(text).map_err(named)?,
        _ => {
            let name = path.file_stem().map_or_else(|| "model".into(), |n| n.to_string_lossy());
            ModelSpec::from_text(&name, &[1], text).map_err(named)?
        }
    };
    serde_json::to_value(spec).map_err(|e| Error::file(path.display(), e))
}

/// Splits a text at a separator, except within brackets or quotes.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut quoted) = (Vec::new(), 0, 0usize, false);
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(&text[begin..i]);
                begin = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// Parses `name:key=value:key=value` or JSON to an object with a `name`. A list is `[1,2]`, or
/// `(1,2)` as in Python.
pub fn named(text: &str) -> Result<Map<String, Value>> {
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|e| Error::value("settings", format!("{text:?}: {e}")));
    }
    let mut parts = split(text, ':').into_iter();
    let mut object = Map::new();
    object.insert("name".into(), json!(parts.next().unwrap_or_default().trim()));
    for part in parts {
        let Some((key, value)) = part.split_once('=') else {
            return Err(Error::value("settings", format!("{text:?}: expected key=value, found {part:?}")));
        };
        let value = value.trim();
        let list = value.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).map(|list| format!("[{list}]"));
        let json = serde_json::from_str(list.as_deref().unwrap_or(value));
        object.insert(key.trim().into(), json.unwrap_or_else(|_| json!(value)));
    }
    Ok(object)
}

/// Parses the schedule of a flag. If it is planned over the whole run, its number of steps is
/// `steps` and its maximum rate `lr`, unless specified.
pub fn schedule(text: &str, steps: u64, lr: f64) -> Result<Value> {
    let mut settings = json!({ "schedule": named(text)? });
    canonicalize(&mut settings);
    let mut schedule = settings["schedule"].take();
    let defaults = match schedule.get("name").and_then(Value::as_str) {
        Some("CosineAnnealingLR") => vec![("T_max", json!(steps))],
        Some("OneCycleLR") => vec![("total_steps", json!(steps)), ("max_lr", json!(lr))],
        _ => Vec::new(),
    };
    if let Value::Object(schedule) = &mut schedule {
        for (key, value) in defaults {
            schedule.entry(key).or_insert(value);
        }
    }
    Ok(schedule)
}

/// Parses the augmentations of a flag: names separated by commas, or JSON. A crop has the images'
/// size, unless specified.
pub fn augments(texts: &[String], shape: &[usize]) -> Result<Value> {
    let mut list = Vec::new();
    for text in texts {
        if text.trim_start().starts_with('[') {
            let objects: Vec<Map<String, Value>> =
                serde_json::from_str(text).map_err(|e| Error::value("settings", format!("{text:?}: {e}")))?;
            list.extend(objects);
        } else {
            let words = split(text, ',').into_iter().filter(|word| !word.trim().is_empty());
            list.extend(words.map(named).collect::<Result<Vec<_>>>()?);
        }
    }
    let mut settings = json!({ "augment": list });
    canonicalize(&mut settings);
    for augment in settings["augment"].as_array_mut().into_iter().flatten() {
        let defaults = match augment.get("name").and_then(Value::as_str) {
            Some("RandomCrop") => match *shape {
                [_, height, width] if height == width => vec![("size", json!(height)), ("padding", json!(4))],
                [_, height, width] => vec![("size", json!([height, width])), ("padding", json!(4))],
                _ => vec![("padding", json!(4))],
            },
            Some("ColorJitter") => {
                vec![("brightness", json!(0.2)), ("contrast", json!(0.2)), ("saturation", json!(0.2))]
            }
            Some("RandomAffine") => vec![("degrees", json!(15.0)), ("translate", json!([0.1, 0.1]))],
            _ => Vec::new(),
        };
        if let Value::Object(augment) = augment {
            for (key, value) in defaults {
                augment.entry(key).or_insert(value);
            }
        }
    }
    Ok(settings["augment"].take())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{augments, canonicalize, finite, merge, named, not_finite, schedule, split};

    #[test]
    fn short_words_become_settings() {
        assert_eq!(
            json!(named("step:step_size=5:gamma=0.1").unwrap()),
            json!({ "name": "step", "step_size": 5, "gamma": 0.1 })
        );
        assert_eq!(named("{\"name\": \"x\"}").unwrap()["name"], "x");
        assert!(named("step:5").unwrap_err().to_string().contains("key=value"));
        for name in ["cosine", "Cosine", "CosineAnnealingLR", "cosine_annealing_lr"] {
            let cosine = json!({ "name": "CosineAnnealingLR", "T_max": 7 });
            assert_eq!(schedule(name, 7, 0.1).unwrap(), cosine, "{name}");
        }
        let cycle = json!({ "name": "OneCycleLR", "total_steps": 5, "max_lr": 0.1 });
        assert_eq!(schedule("one-cycle:total_steps=5", 7, 0.1).unwrap(), cycle);
    }

    #[test]
    fn lists_within_words_stay_whole() {
        assert_eq!(split("a:[1:2],{\"x,y\":3},b", ','), ["a:[1:2]", "{\"x,y\":3}", "b"]);
        let one = |text: &str, shape: &[usize]| augments(&[text.to_owned()], shape).unwrap();
        let crop = json!([{ "name": "RandomCrop", "size": 28, "padding": 2 }]);
        assert_eq!(one("crop:padding=2", &[1, 28, 28]), crop);
        let wide = json!([{ "name": "RandomCrop", "size": [20, 32], "padding": 4 }, { "name": "RandomErasing" }]);
        assert_eq!(one("Random_Crop,erasing", &[3, 20, 32]), wide);
        let affine = json!([{ "name": "RandomAffine", "degrees": 15.0, "translate": [0.2, 0.3] },
                            { "name": "RandomHorizontalFlip", "p": 0.1 }]);
        for text in ["affine:translate=[0.2,0.3],flip:p=0.1", "affine:translate=(0.2, 0.3), hflip:p=0.1"] {
            assert_eq!(one(text, &[3, 8, 8]), affine, "{text}");
        }
        let given = json!([{ "name": "RandomAffine", "degrees": 5.0, "translate": [0.1, 0.2] }]);
        assert_eq!(one(&given[0].to_string(), &[3, 8, 8]), given);
        assert_eq!(one(&given.to_string(), &[3, 8, 8]), given);
    }

    #[test]
    fn later_settings_override_earlier_ones() {
        let mut settings = json!({ "epochs": 3, "optimizer": { "name": "SGD", "lr": 0.1, "momentum": 0.9 } });
        merge(&mut settings, json!({ "optimizer": { "name": "SGD", "lr": 0.2 }, "seed": 1 }));
        assert_eq!(settings["optimizer"], json!({ "name": "SGD", "lr": 0.2, "momentum": 0.9 }));
        merge(&mut settings, json!({ "optimizer": { "name": "Adam" } }));
        assert_eq!(settings, json!({ "epochs": 3, "seed": 1, "optimizer": { "name": "Adam" } }));
        let mut settings = json!({ "preset": "mlp" });
        merge(&mut settings, json!({ "model": {} }));
        assert_eq!(settings, json!({ "model": {} }));
    }

    #[test]
    fn names_are_equal_in_any_spelling() {
        let mut settings = json!({
            "optimizer": { "name": "rmsPROP" }, "loss": { "name": "MSELoss" }, "augment": [{ "name": "FLIP" }],
            "schedule": { "name": "sequential", "schedules": [{ "name": "Linear" }] }
        });
        canonicalize(&mut settings);
        let canonical = json!({
            "optimizer": { "name": "RMSprop" }, "loss": { "name": "mse" },
            "augment": [{ "name": "RandomHorizontalFlip" }],
            "schedule": { "name": "SequentialLR", "schedules": [{ "name": "LinearLR" }] }
        });
        assert_eq!(settings, canonical);
        let mut unknown = json!({ "optimizer": { "name": "sgdd" } });
        canonicalize(&mut unknown);
        assert_eq!(unknown["optimizer"]["name"], "sgdd");
    }

    #[test]
    fn numbers_that_are_none_are_named() {
        let error = finite(&[("--momentum", None), ("--lr", Some(f64::NAN))]).unwrap_err().to_string();
        assert!(error.contains("--lr") && error.contains("finite"), "{error}");
        assert!(finite(&[("--lr", Some(1e308))]).is_ok());
        let file: toml::Value = toml::from_str("epochs = 3\n[optimizer]\nlr = -inf\n").unwrap();
        assert_eq!(not_finite(&file).as_deref(), Some("optimizer.lr is -inf"));
    }
}
