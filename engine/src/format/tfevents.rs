//! TensorBoard event files, `events.out.tfevents.*`: a sequence of TFRecords, each an `Event` in
//! protobuf. The writer needs an `io::Write`, the reader bytes; the caller has the clock.
//!
//! A record is its length as a little-endian u64, the masked CRC-32C of those eight bytes, the
//! payload, and the payload's masked CRC-32C
//! ([TFRecord](https://www.tensorflow.org/tutorials/load_data/tfrecord)).

use std::io::Write;

use crc::{CRC_32_ISCSI, Crc};
use image::ImageEncoder;
use prost::Message;

use super::proto::tensorboard as proto;
use crate::{Error, Result};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Version at the start of a file.
const FILE_VERSION: &str = "brain.Event:2";

/// Returns the checksum as TFRecord stores it: rotated and shifted, so that a checksum over
/// checksums stays useful.
fn masked_crc(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Step and time of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Training step.
    pub step: i64,
    /// Seconds since 1970.
    pub wall_time: f64,
}

/// Histogram of values: bucket k counts those from limit k − 1 up to, not including, limit k.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Minimum.
    pub min: f64,
    /// Maximum.
    pub max: f64,
    /// Number of values.
    pub num: f64,
    /// Sum of the values.
    pub sum: f64,
    /// Sum of their squares.
    pub sum_squares: f64,
    /// Upper limits of the buckets.
    pub bucket_limit: Vec<f64>,
    /// Number of values in each bucket.
    pub bucket: Vec<f64>,
}

impl Histogram {
    /// Returns the histogram of the finite ones of `values`, in the buckets of PyTorch's
    /// `SummaryWriter`: ±10⁻¹²·1.1ᵏ up to 10²⁰, and 0.
    pub fn from_values(values: &[f32]) -> Self {
        let mut positive = Vec::new();
        let mut edge = 1e-12;
        while edge < 1e20 {
            positive.push(edge);
            edge *= 1.1;
        }
        let negative = positive.iter().rev().map(|edge| -edge);
        let mut edges: Vec<f64> = std::iter::once(f64::MIN).chain(negative).collect();
        edges.push(0.0);
        edges.extend(&positive);
        edges.push(f64::MAX);

        let mut counts = vec![0.0; edges.len() - 1];
        let mut histogram = Self { min: f64::INFINITY, max: f64::NEG_INFINITY, ..Self::default() };
        for value in values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value)) {
            histogram.min = histogram.min.min(value);
            histogram.max = histogram.max.max(value);
            histogram.num += 1.0;
            histogram.sum += value;
            histogram.sum_squares += value * value;
            let above = edges.partition_point(|edge| *edge <= value);
            if let Some(count) = above.checked_sub(1).and_then(|bucket| counts.get_mut(bucket)) {
                *count += 1.0;
            }
        }
        let used = |count: &f64| *count > 0.0;
        match (counts.iter().position(used), counts.iter().rposition(used)) {
            (Some(first), Some(last)) => {
                // An empty first bucket has the lower limit of the next.
                histogram.bucket_limit = edges[first..=last + 1].to_vec();
                histogram.bucket = std::iter::once(0.0).chain(counts[first..=last].iter().copied()).collect();
            }
            _ => histogram = Self { bucket_limit: vec![0.0], bucket: vec![0.0], ..Self::default() },
        }
        histogram
    }
}

/// Writer of an event file.
///
/// ```
/// use kindling::format::tfevents::{EventWriter, Moment, EventKind, read};
/// # fn main() -> kindling::Result<()> {
/// let mut log = EventWriter::new(Vec::new(), "log", 1.7e9)?;
/// log.scalar("loss/train", Moment { step: 0, wall_time: 1.7e9 }, 2.3)?;
/// let events = read(&log.into_inner(), "log")?;
/// assert_eq!(events[1].kind, EventKind::Scalar { tag: "loss/train".into(), value: 2.3 });
/// # Ok(()) }
/// ```
pub struct EventWriter<W: Write> {
    out: W,
    name: String,
}

impl<W: Write> EventWriter<W> {
    /// Begins a file; errors call it `name`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(out: W, name: &str, wall_time: f64) -> Result<Self> {
        let mut writer = Self { out, name: name.to_owned() };
        let what = Some(proto::event::What::FileVersion(FILE_VERSION.to_owned()));
        writer.record(&proto::Event { wall_time, step: 0, what })?;
        Ok(writer)
    }

    /// Logs the start of a session: readers drop earlier files' events of this step and later ones,
    /// as with PyTorch's `purge_step`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn session_start(&mut self, at: Moment) -> Result<()> {
        let what = Some(proto::event::What::SessionLog(proto::SessionLog { status: proto::START }));
        self.record(&proto::Event { wall_time: at.wall_time, step: at.step, what })
    }

    /// Logs a scalar.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn scalar(&mut self, tag: &str, at: Moment, value: f32) -> Result<()> {
        self.summary(at, tag, None, proto::value::Value::Simple(value))
    }

    /// Logs a histogram.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn histogram(&mut self, tag: &str, at: Moment, histogram: Histogram) -> Result<()> {
        let Histogram { min, max, num, sum, sum_squares, bucket_limit, bucket } = histogram;
        let histo = proto::HistogramProto { min, max, num, sum, sum_squares, bucket_limit, bucket };
        self.summary(at, tag, None, proto::value::Value::Histo(histo))
    }

    /// Logs an image of `width`×`height` as a PNG, from rows of interleaved red, green and blue.
    ///
    /// # Errors
    /// The number of bytes contradicts the size; or the file cannot be written.
    pub fn image(&mut self, tag: &str, at: Moment, [width, height]: [usize; 2], rgb: &[u8]) -> Result<()> {
        if rgb.len() != width * height * 3 || rgb.is_empty() {
            let rule = format!("{} bytes are not {width}×{height} pixels of 3 bytes", rgb.len());
            return Err(Error::shape("EventWriter::image", rule));
        }
        let mut png = Vec::new();
        image::codecs::png::PngEncoder::new(&mut png)
            .write_image(rgb, width as u32, height as u32, image::ExtendedColorType::Rgb8)
            .map_err(|e| Error::file(&self.name, format!("an image cannot be encoded: {e}")))?;
        let image =
            proto::Image { height: height as i32, width: width as i32, colorspace: 3, encoded_image_string: png };
        self.summary(at, tag, None, proto::value::Value::Image(image))
    }

    /// Logs a text in Markdown.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn text(&mut self, tag: &str, at: Moment, text: &str) -> Result<()> {
        let plugin_data = Some(proto::PluginData { plugin_name: "text".into(), content: Vec::new() });
        let tensor = proto::TensorProto {
            dtype: proto::DT_STRING,
            tensor_shape: Some(proto::TensorShapeProto { dim: vec![proto::Dim { size: 1 }] }),
            string_val: vec![text.as_bytes().to_vec()],
        };
        let metadata = Some(proto::SummaryMetadata { plugin_data });
        self.summary(at, &format!("{tag}/text_summary"), metadata, proto::value::Value::Tensor(tensor))
    }

    /// Logs a text verbatim: a code block of Markdown, with a fence longer than any in the text.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn code(&mut self, tag: &str, at: Moment, text: &str) -> Result<()> {
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        self.text(tag, at, &format!("{fence}\n{text}\n{fence}"))
    }

    /// Flushes buffered events.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| Error::file(&self.name, format!("cannot be written: {e}")))
    }

    /// Returns the underlying writer.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn summary(
        &mut self,
        at: Moment,
        tag: &str,
        metadata: Option<proto::SummaryMetadata>,
        value: proto::value::Value,
    ) -> Result<()> {
        let value = proto::Value { tag: tag.to_owned(), metadata, value: Some(value) };
        let what = Some(proto::event::What::Summary(proto::Summary { value: vec![value] }));
        self.record(&proto::Event { wall_time: at.wall_time, step: at.step, what })
    }

    fn record(&mut self, event: &proto::Event) -> Result<()> {
        let payload = event.encode_to_vec();
        let length = (payload.len() as u64).to_le_bytes();
        let mut record = Vec::with_capacity(payload.len() + 16);
        record.extend(length);
        record.extend(masked_crc(&length).to_le_bytes());
        record.extend(&payload);
        record.extend(masked_crc(&payload).to_le_bytes());
        self.out.write_all(&record).map_err(|e| Error::file(&self.name, format!("cannot be written: {e}")))
    }
}

/// A logged event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Step and time.
    pub at: Moment,
    /// Content.
    pub kind: EventKind,
}

/// Content of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// Version of the file; the first event.
    FileVersion(String),
    /// The start of a session ([`EventWriter::session_start`]).
    SessionStart,
    /// Scalar.
    Scalar {
        /// Name.
        tag: String,
        /// Value.
        value: f32,
    },
    /// Histogram.
    Histogram {
        /// Name.
        tag: String,
        /// Histogram.
        histogram: Histogram,
    },
    /// Image.
    Image {
        /// Name.
        tag: String,
        /// Width and height in pixels.
        size: [usize; 2],
        /// Encoded file, usually PNG.
        encoded: Vec<u8>,
    },
    /// Text.
    Text {
        /// Name.
        tag: String,
        /// Content.
        text: String,
    },
    /// Any other event.
    Other,
}

/// Reads the events of a file, in order. `name` is the file's name in errors.
///
/// # Errors
/// The bytes are no event file, a checksum is wrong, or the file ends within a record.
pub fn read(bytes: &[u8], name: &str) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let broken = |problem: &str| Error::file(name, format!("no event file, or damaged at byte {at}: {problem}"));
        let (length, after) = rest.split_first_chunk::<8>().ok_or_else(|| broken("it ends inside of a record"))?;
        let (check, after) = after.split_first_chunk::<4>().ok_or_else(|| broken("it ends inside of a record"))?;
        if masked_crc(length) != u32::from_le_bytes(*check) {
            return Err(broken("the checksum of a record's length is wrong"));
        }
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (payload, after) = after.split_at_checked(length).ok_or_else(|| broken("it ends inside of a record"))?;
        let (check, after) = after.split_first_chunk::<4>().ok_or_else(|| broken("it ends inside of a record"))?;
        if masked_crc(payload) != u32::from_le_bytes(*check) {
            return Err(broken("the checksum of a record is wrong"));
        }
        let event = proto::Event::decode(payload).map_err(|e| broken(&format!("a record is no event: {e}")))?;
        unfold(event, &mut events);
        rest = after;
    }
    if !matches!(events.first(), Some(Event { kind: EventKind::FileVersion(_), .. })) {
        return Err(Error::file(name, "is no event file: it does not begin with its version"));
    }
    Ok(events)
}

fn unfold(event: proto::Event, events: &mut Vec<Event>) {
    let at = Moment { step: event.step, wall_time: event.wall_time };
    match event.what {
        Some(proto::event::What::FileVersion(version)) => {
            events.push(Event { at, kind: EventKind::FileVersion(version) })
        }
        Some(proto::event::What::Summary(summary)) => {
            events.extend(summary.value.into_iter().map(|value| Event { at, kind: kind(value) }));
        }
        Some(proto::event::What::SessionLog(log)) if log.status == proto::START => {
            events.push(Event { at, kind: EventKind::SessionStart });
        }
        Some(proto::event::What::SessionLog(_)) | None => events.push(Event { at, kind: EventKind::Other }),
    }
}

fn kind(value: proto::Value) -> EventKind {
    let tag = value.tag;
    match value.value {
        Some(proto::value::Value::Simple(value)) => EventKind::Scalar { tag, value },
        Some(proto::value::Value::Histo(proto::HistogramProto {
            min,
            max,
            num,
            sum,
            sum_squares,
            bucket_limit,
            bucket,
        })) => {
            EventKind::Histogram { tag, histogram: Histogram { min, max, num, sum, sum_squares, bucket_limit, bucket } }
        }
        Some(proto::value::Value::Image(image)) => {
            let size = [image.width, image.height].map(|side| usize::try_from(side).unwrap_or(0));
            EventKind::Image { tag, size, encoded: image.encoded_image_string }
        }
        Some(proto::value::Value::Tensor(tensor)) if tensor.dtype == proto::DT_STRING => {
            let parts: Vec<_> = tensor.string_val.iter().map(|part| String::from_utf8_lossy(part)).collect();
            EventKind::Text { tag, text: parts.join("\n") }
        }
        _ => EventKind::Other,
    }
}
