//! Images in a script: the recorded preprocessing with Pillow, then torchvision's transforms.

use super::Script;
use super::names::arguments;
use crate::data::Preprocessing;
use crate::data::preprocess::{Background, Gray, Resize};
use crate::train::Augment;
use crate::{Error, Result};

/// Returns `prepare`, and the transforms of test and training images.
pub fn functions(script: &Script<'_>, steps: &Preprocessing) -> Result<String> {
    let [channels, height, width] = steps.shape();
    let gray = match (channels, steps.gray) {
        (1, Gray::L601) => ".convert(\"L\")",
        _ => "",
    };
    let background = match steps.alpha {
        Background::White => "white",
    };
    let resized = match steps.resize {
        Resize::CenterCrop => "fit(image)",
    };
    let normalized = !steps.mean.is_empty();
    let statistics = match normalized {
        true => format!("MEAN, STD = {:?}, {:?}\n", steps.mean, steps.std),
        false => String::new(),
    };
    let normalize = if normalized { vec!["v2.Normalize(MEAN, STD)".to_owned()] } else { Vec::new() };
    let mut out = format!(
        r#"
HEIGHT, WIDTH = {height}, {width}
{statistics}

def prepare(image):
    """The image as the network takes it: upright, on {background}, its middle scaled to HEIGHT x WIDTH."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits a pixel: the upper eight
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        background = Image.new("RGB", image.size, "{background}")
        background.paste(image, mask=image.getchannel("A"))
        image = background
    image = image.convert("RGB"){gray}
    return {resized}


def fit(image):
    """The middle in the proportions of HEIGHT x WIDTH, scaled: ImageOps.fit, the horizontal pass before the vertical one
    in every version of Pillow."""
    ratio, (width, height) = WIDTH / HEIGHT, image.size
    wide, high = width, height
    if width / height > ratio:
        wide = ratio * height
    elif width / height < ratio:
        high = width / ratio
    left, top = (width - wide) * 0.5, (height - high) * 0.5
    image = image.resize((WIDTH, height), Image.Resampling.BILINEAR, box=(left, 0, left + wide, height))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=(0, top, WIDTH, top + high))


TEST = {}
"#,
        compose(&normalize)
    );
    if script.has_loop() {
        let augment = script.train.map_or(&[][..], |train| train.augment.as_slice());
        // Erased elements are 0 after normalization.
        let (after, before): (Vec<&Augment>, Vec<&Augment>) =
            augment.iter().partition(|a| matches!(a, Augment::RandomErasing { .. }));
        let mut parts = before.into_iter().map(transform).collect::<Result<Vec<_>>>()?;
        parts.extend(normalize);
        parts.extend(after.into_iter().map(transform).collect::<Result<Vec<_>>>()?);
        out += &format!("TRAIN = {}\n", compose(&parts));
    }
    Ok(out)
}

fn compose(parts: &[String]) -> String {
    let parts: String = parts.iter().map(|part| format!(", {part}")).collect();
    format!("v2.Compose([prepare, v2.ToImage(), v2.ToDtype(torch.float32, scale=True){parts}])")
}

fn transform(augment: &Augment) -> Result<String> {
    match crate::json::to_value(augment) {
        Ok(serde_json::Value::Object(mut given)) => {
            given.retain(|_, value| !value.is_null());
            let name = given.get("name").and_then(|n| n.as_str()).unwrap_or_default();
            Ok(format!("v2.{name}({})", arguments(&given).trim_start_matches(", ")))
        }
        _ => Err(Error::internal("an augmentation is no object")),
    }
}
