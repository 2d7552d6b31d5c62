//! Tables as files: random ones in many dialects against pandas, then what people's tables have that random ones lack.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use kindling::data::{
    ConcatDataset, Dataset, OpenOptions, Random, Samples, SplitMethod, Splits, Table, TableOptions, TableSchema,
    TargetScale, Task, digest,
};
use kindling::format::ModelFile;
use kindling::optim::{OptimizerSpec, SgdOptions};
use kindling::train::{Event, Keep, TrainSpec, Trainer};
use kindling::{Device, block_on};
use proptest::prelude::*;
use serde::Deserialize;

fn read(csv: &str) -> Table {
    Table::from_csv("t.csv", csv.as_bytes(), &TableOptions::default()).unwrap_or_else(|e| panic!("{e}\n{csv}"))
}

fn refusal(csv: &str, options: &TableOptions) -> String {
    match Table::from_csv("t.csv", csv.as_bytes(), options) {
        Ok(table) => panic!("read: {:?}", table.notes()),
        Err(error) => error.to_string(),
    }
}

fn labelled(label: &str) -> TableOptions {
    TableOptions { label: Some(label.into()), ..TableOptions::default() }
}

fn values(table: &Table) -> Vec<f32> {
    let all: Vec<usize> = (0..table.len()).collect();
    match table.read(&all).unwrap() {
        Samples::Floats(values) => values,
        Samples::Bytes(_) => panic!("a table of bytes"),
    }
}

/// Rows `0,a` … with labels in turn.
fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(|i| row(i) + "\n").collect()
}

#[derive(Deserialize)]
struct Case {
    about: String,
    /// The file's bytes, each as the character of that number.
    bytes: String,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    features: Vec<String>,
    label: String,
    header: bool,
    values: Vec<Vec<f64>>,
    targets: Option<Vec<f64>>,
    classes: Option<usize>,
    labels: Option<Vec<usize>>,
    names: Option<Vec<String>>,
}

/// Says how a table differs from what pandas reads.
fn difference(table: &Table, expected: &Expected) -> Option<String> {
    let columns = table.columns();
    if columns.features != expected.features || columns.label != expected.label || columns.header != expected.header {
        return Some(format!("columns {columns:?}"));
    }
    if table.len() != expected.values.len() {
        return Some(format!("{} rows, {} expected", table.len(), expected.values.len()));
    }
    let wanted: Vec<f64> = expected.values.iter().flatten().copied().collect();
    let close = |(is, wanted): (&f32, &f64)| (f64::from(*is) - wanted).abs() <= 1e-6 * wanted.abs().max(1e-3);
    if let Some(at) = values(table).iter().zip(&wanted).position(|pair| !close(pair)) {
        return Some(format!("value {at} is {}, {} expected", values(table)[at], wanted[at]));
    }
    if let Some(targets) = &expected.targets {
        let same = (0..table.len()).all(|i| (table.target(i).unwrap() - targets[i]).abs() <= 1e-9 * targets[i].abs());
        return (table.task() != Task::Regression || !same).then(|| "targets".into());
    }
    let labels: Vec<usize> = (0..table.len()).map(|i| table.label(i).unwrap()).collect();
    if Some(table.classes().len()) != expected.classes || Some(&labels) != expected.labels.as_ref() {
        return Some(format!("classes {:?}, labels {labels:?}", table.classes()));
    }
    let names = expected.names.as_deref().unwrap_or(table.classes());
    (table.classes() != names).then(|| format!("classes {:?}", table.classes()))
}

#[test]
fn random_tables_are_read_as_pandas_reads_them() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../data/csv/cases.json")).unwrap();
    assert!(cases.len() >= 200);
    let mut wrong = Vec::new();
    for Case { about, bytes, expected } in &cases {
        let bytes: Vec<u8> = bytes.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        match Table::from_csv("t.csv", &bytes, &TableOptions::default()) {
            Ok(table) => wrong.extend(
                difference(&table, expected).map(|how| format!("{about}: {how}\n   notes {:?}", table.notes())),
            ),
            Err(error) => wrong.push(format!("{about}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} tables are read otherwise:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_label_is_found_by_name_by_words_or_by_place() {
    let cases = [
        ("a,label,b\n1,x,2\n3,y,4\n", "label"),
        ("Species,a,b\nrose,1,2\nlily,3,4\n", "Species"),
        ("x,y,kind\n0.1,0.2,p\n0.3,0.4,q\n", "kind"),
        ("y,x1,x2\n0,0.5,1.5\n1,0.25,1.25\n0,0.75,2.5\n1,0.1,0.2\n", "y"),
        ("a,b,quality\n0.5,1.5,3\n0.25,2.5,4\n", "quality"),
        // One column of words that repeat, in the middle.
        ("id,diagnosis,radius\n8,M,1.5\n9,B,2.5\n10,M,3.5\n11,B,0.5\n", "diagnosis"),
        // Truth values before the last column are a feature.
        ("rooms,garden,price\n1,True,0.5\n2,False,1.5\n3,True,2.5\n4,False,3.5\n", "price"),
        ("rooms,size,garden\n1,0.5,True\n2,0.25,False\n3,0.75,True\n4,1.5,False\n", "garden"),
        // The digit before its pixels, with names and without.
        ("digit,p0,p1,p2\n0,0,7,0\n1,9,0,0\n0,3,7,0\n1,5,0,0\n", "digit"),
        ("1,0,7,0\n0,9,0,0\n1,3,7,0\n0,5,0,0\n", "column 1"),
        ("14.2,1.7,1\n13.2,1.8,2\n13.1,2.4,1\n14.4,1.9,2\n", "column 3"),
    ];
    for (csv, label) in cases {
        assert_eq!(read(csv).columns().label, label, "{csv}");
    }
    let csv = "a,b,c\n1,x,0\n2,y,1\n";
    for (label, name) in [("b", "b"), ("B", "b"), ("2", "b"), ("3", "c"), ("-1", "c"), ("-3", "a")] {
        let table = Table::from_csv("t.csv", csv.as_bytes(), &labelled(label));
        match (name, table) {
            ("b", Ok(table)) => assert_eq!(table.columns().label, "b"),
            ("b", Err(error)) => panic!("{label}: {error}"),
            // The column of words is then no feature.
            (_, refused) => assert!(refused.unwrap_err().to_string().contains("line 2, b: \"x\""), "{label}"),
        }
    }
    assert!(refusal(csv, &labelled("d")).contains("no column \"d\"; its columns are \"a\", \"b\", \"c\""));
    assert!(refusal(csv, &labelled("4")).contains("no column \"4\""));
}

#[test]
fn a_header_is_told_from_data() {
    let header = |csv: &str| read(csv).columns().header;
    for csv in [
        "0,1,2,3,label\n0.5,1.5,2.5,3.5,rose\n0.25,1,2,3,lily\n",
        "0,1,2,3\n0.5,1.5,2.5,1\n0.25,1.5,0.5,0\n0.1,1.2,1.5,1\n",
        "x,label\n1,a\n2,b\n",
        "\u{feff}x,label\n1,a\n2,b\n",
        "2019,2020,label\n0.5,0.25,a\n1.5,0.75,b\n",
    ] {
        assert!(header(csv), "{csv}");
    }
    for csv in ["5.1,3.5,setosa\n4.9,3,virginica\n", "1,2,0\n3,4,1\n", ",3.5,setosa\n4.9,3,setosa\n5,3,virginica\n"] {
        assert!(!header(csv), "{csv}");
    }
}

#[test]
fn index_columns_are_left_out_and_said() {
    let index = |csv: &str| {
        let table = read(csv);
        assert_eq!(table.columns().features, ["x", "y"], "{csv}");
        assert!(table.notes()[0].contains("index column"), "{:?}", table.notes());
    };
    index(&format!(",x,y,label\n{}", rows(6, |i| format!("{i},0.{i},1.{i},{}", ["a", "b"][i % 2]))));
    index(&format!("Unnamed: 0,x,y,label\n{}", rows(6, |i| format!("{},0.{i},1.{i},{}", 9 - i, ["a", "b"][i % 2]))));
    index(&format!("Id,x,y,label\n{}", rows(6, |i| format!("{},0.{i},1.{i},{}", i + 1, ["a", "b"][i % 2]))));
    // R writes names of rows, without a name in the header or without a cell.
    index(&format!("\"\",x,y,label\n{}", rows(4, |i| format!("car {i},0.{i},1.{i},{}", ["a", "b"][i % 2]))));
    index(&format!("x,y,label\n{}", rows(4, |i| format!("car {i},0.{i},1.{i},{}", ["a", "b"][i % 2]))));
    // Numbers that are no index.
    let table = read(&format!(",x,label\n{}", rows(6, |i| format!("0.{},1.{i},{}", i / 2, ["a", "b"][i % 2]))));
    assert_eq!(table.columns().features, ["Unnamed: 0", "x"]);
}

#[test]
fn equal_numbers_are_one_class_and_words_are_not() {
    let table = read("x,label\n1,1\n2,1.0\n3,01\n4,1e0\n5,2\n6,2.0\n");
    assert_eq!(table.classes(), ["1", "2"]);
    assert!(table.notes().iter().any(|note| note.contains("1.0")), "{:?}", table.notes());
    assert_eq!(read("x,label\n1,True\n2,true\n3,FALSE\n").classes(), ["False", "True"]);
    assert_eq!(read("x,label\n1,a\n2,A\n3,1\n4,1.0\n").classes(), ["1", "1.0", "A", "a"]);
    // Ten comes after nine.
    assert_eq!(read("x,label\n1,10\n2,9\n3,10\n4,9\n").classes(), ["9", "10"]);
    let refused = refusal("x,label\n1,a\n2,a\n", &TableOptions::default());
    assert!(refused.contains("every label in column \"label\" is \"a\""), "{refused}");
}

#[test]
fn rows_without_a_value_are_left_out_and_counted() {
    let table = read("x,y,label\n1,2,a\n,3,b\n4,NaN,a\n5,6,\n7,8,b\n9,10,nan\n");
    assert_eq!((table.len(), table.rows(), table.classes().len()), (2, [1, 5].as_slice(), 2));
    let notes = table.notes().join("; ");
    assert!(notes.contains("2 rows without a label left out, the first in line 5, column \"label\""), "{notes}");
    assert!(notes.contains("2 rows with missing values left out, the first in line 3, column \"x\""), "{notes}");
    // A short row lacks its last cells, as in pandas; a long one is refused.
    assert_eq!(read("x,y,label\n1,2,a\n3,4\n5,6,b\n").len(), 2);
    let refused = refusal("x,y,label\n1,2,a\n3,4,5,b\n", &TableOptions::default());
    assert!(refused.contains("line 3 has 4 cells, the first row has 3"), "{refused}");
    // Cells behind the last delimiter of every row are no column.
    assert_eq!(read("x,y,label,\n1,2,a,\n3,4,b,\n").columns().features, ["x", "y"]);
    assert!(read("x,z,y,label\n1,2,,a\n2,3,,b\n").notes()[0].contains("empty column \"y\" left out"));
}

#[test]
fn cells_that_are_no_numbers_are_refused_by_line_and_column() {
    let plain = TableOptions::default();
    for (csv, words) in [
        ("x,y,label\n1,2,a\n1,oops,b\n3,4,a\n5,6,b\n7,8,a\n9,0,b\n", "line 3, y: \"oops\" is no number"),
        ("x,label\n1,a\n?,b\n2,a\n3,b\n4,a\n5,b\n", "line 3, x: \"?\" is no number"),
        ("x,label\n1,a\ninf,b\n", "line 3, x: \"inf\" is infinite"),
        ("x,label\n1,a\n-1e39,b\n", "line 3, x: \"-1e39\" is infinite or too large"),
        ("name,x,label\nann,1,a\nbob,2,b\n", "line 2, name: \"ann\" is no number, nor is anything in this column"),
        ("", "has no rows"),
        ("\n\n", "has no rows"),
        ("x,label\n", "has no rows below its header"),
        ("1\n2\n3\n", "has a single column"),
        ("x,label\n1,\n2,NA\n", "lacks \"label\""),
    ] {
        let refused = refusal(csv, &plain);
        assert!(refused.contains(words), "{csv:?}: {refused}");
    }
    // The line is the file's, whatever is in quotes.
    let refused = refusal("x,y,label\n1,2,\"a\nb\"\n1,2,c\n\n1,oops,c\n1,2,c\n1,2,c\n1,2,c\n", &plain);
    assert!(refused.contains("line 6, y"), "{refused}");
}

#[test]
fn delimiters_and_decimal_signs_are_told_apart() {
    let five = ["1,5;2;a", "2,5;3;b", "0,5;4;a"];
    let table = read(&(five.join("\n") + "\n"));
    assert_eq!(values(&table), [1.5, 2.0, 2.5, 3.0, 0.5, 4.0]);
    assert!(table.notes()[0].starts_with("semicolon separated, decimal comma, no header"), "{:?}", table.notes());
    assert_eq!(values(&read("x;label\n1.234,5;a\n2.000,25;b\n")), [1234.5, 2000.25]);
    assert_eq!(values(&read("x|label\n1.5|a\n2.5|b\n")), [1.5, 2.5]);
    assert_eq!(values(&read("sep=;\nx;label\n1;a\n2;b\n")), [1.0, 2.0]);
    assert_eq!(values(&read("x label\n 1.5  a\n 2.5  b\n")), [1.5, 2.5]);
    assert_eq!(read("x,label\n1,\"a,b\"\n2,\"c;\"\"d\"\"\"\n").classes(), ["a,b", "c;\"d\""]);
    assert_eq!(read("x,label\r1,a\r2,b\r").len(), 2);
}

#[test]
fn many_different_numbers_are_a_quantity() {
    let prices = format!("rooms,price\n{}", rows(300, |i| format!("{},{}.5", i % 7, 100_000 + i * 37 % 90_001)));
    let table = read(&prices);
    assert_eq!((table.task(), table.outputs(), table.classes().len()), (Task::Regression, 1, 0));
    assert_eq!((table.target(1).unwrap(), table.label(1).unwrap()), (100_037.5, 0));
    assert!(table.notes()[1].contains("a quantity, with 300 different values in 300 rows"), "{:?}", table.notes());
    let as_classes = TableOptions { task: Some(Task::Classification), ..TableOptions::default() };
    assert_eq!(Table::from_csv("t.csv", prices.as_bytes(), &as_classes).unwrap().classes().len(), 300);
    // Ages are a quantity; a hundred classes by number, stars in halves and quality in points are classes.
    let task = |csv: String| read(&csv).task();
    assert_eq!(task(format!("x,age\n{}", rows(400, |i| format!("{i},{}", 17 + i * 7 % 60)))), Task::Regression);
    assert_eq!(task(format!("x,kind\n{}", rows(900, |i| format!("0.{i},{}", i % 100)))), Task::Classification);
    assert_eq!(task(format!("x,stars\n{}", rows(60, |i| format!("0.{i},{}.5", i % 5)))), Task::Classification);
    assert_eq!(task(format!("x,quality\n{}", rows(60, |i| format!("0.{i},{}", 3 + i % 6)))), Task::Classification);
    let regression = TableOptions { task: Some(Task::Regression), ..TableOptions::default() };
    let refused = refusal("x,label\n1,3\n2,many\n", &regression);
    assert!(refused.contains("line 3, label \"label\": \"many\" is no finite number"), "{refused}");
}

/// Returns options for reading a table for a model trained on `csv`.
fn with_schema(csv: &str, needs_labels: bool) -> TableOptions {
    let table = read(csv);
    let columns = table.columns().clone();
    let model = Some(TableSchema { columns, classes: table.classes().to_vec(), needs_labels });
    TableOptions { model, ..TableOptions::default() }
}

#[test]
fn another_table_is_matched_by_the_names_of_its_columns() {
    let csv = "a,b,label\n1,10,x\n2,20,y\n";
    let test = with_schema(csv, true);
    let table = Table::from_csv("u.csv", b"label,extra,B,a\ny,7,30,3\n", &test).unwrap();
    assert_eq!((values(&table), table.label(0).unwrap()), (vec![3.0, 30.0], 1));
    assert!(table.notes()[0].contains("extra"), "{:?}", table.notes());
    assert!(refusal("a,label\n1,x\n", &test).contains("lacks 1 of the model's 2 columns: \"b\""));
    assert!(refusal("a,b,label\n1,2,z\n", &test).contains("the label \"z\" in column \"label\" is none of"));
    assert!(refusal("a,b\n1,2\n", &test).contains("no column \"label\""));
    // Predicting needs no labels; rows that lack a value are told.
    let predict = with_schema(csv, false);
    let table = Table::from_csv("u.csv", b"b,a\n10,1\n,2\n30,3\n", &predict).unwrap();
    assert_eq!((values(&table), table.rows()), (vec![1.0, 10.0, 3.0, 30.0], [1, 3].as_slice()));
    assert_eq!((table.skipped()[0].row, table.skipped()[0].column.as_str()), (2, "b"));
    // Numbers are the same class in every spelling.
    let test = with_schema("a,label\n1,1\n2,2\n", true);
    assert_eq!(Table::from_csv("u.csv", b"a,label\n5,2.0\n", &test).unwrap().label(0).unwrap(), 1);
    // Without a header, the order decides.
    let test = with_schema("7,0.5,1.5,x\n8,1.5,2.5,y\n", true);
    assert_eq!(values(&Table::from_csv("u.csv", b"1,2,3,x\n", &test).unwrap()), [1.0, 2.0, 3.0]);
    let predict = with_schema("x,0.5,1.5\ny,1.5,2.5\nx,1,1\ny,2,2\n", false);
    assert_eq!(values(&Table::from_csv("u.csv", b"1,2\n3,4\n", &predict).unwrap()), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values(&Table::from_csv("u.csv", b"x,1,2\n", &predict).unwrap()), [1.0, 2.0]);
    assert!(refusal("1,2,3,4\n", &predict).contains("has 4 columns, and the model takes 2"));
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), seed: u64) {
        // Half of them are cells and delimiters, so that more than the encoding is tried.
        let pool = b"0123456789,;|\t\n\r\"ab.-eNA";
        let random = Random::new(seed);
        let likely: Vec<u8> = bytes.iter().enumerate().map(|(i, byte)| match random.below(i as u64, 8) {
            0 => *byte,
            _ => pool[usize::from(*byte) % pool.len()],
        }).collect();
        let test = with_schema("a,b,label\n1,10,x\n2,20,y\n", false);
        for bytes in [bytes, likely] {
            for options in [&TableOptions::default(), &labelled("2"), &test] {
                if let Ok(table) = Table::from_csv("t.csv", &bytes, options) {
                    prop_assert_eq!(values(&table).len(), table.len() * table.shape()[0]);
                    prop_assert!(values(&table).iter().all(|value| value.is_finite()));
                }
            }
        }
    }
}

/// A table of prices, of which the tenth is `price`.
fn prices(price: f64) -> Table {
    read(&format!(
        "rooms,age,price\n{}",
        rows(60, |i| {
            let (rooms, age) = ((i % 7) as f64, (i * 37 % 80) as f64);
            let price = if i == 9 { price } else { 50_000.0 * rooms - 700.0 * age + (i * 7 % 13) as f64 / 10.0 };
            format!("{rooms},{age},{price:.1}")
        })
    ))
}

#[test]
fn a_quantity_is_split_put_together_and_told_apart() {
    let splits = |price: f64| prices(price).into_splits(&OpenOptions { seed: 3, ..OpenOptions::default() }).unwrap();
    let first = splits(0.5);
    assert_eq!((first.train.len(), first.test.len(), first.train.task()), (48, 12, Task::Regression));
    assert_eq!(first.split.method, SplitMethod::Random { seed: 3, test_share: 0.2, stratified: false });
    assert!(first.split.describe().unwrap().contains("20 % of the samples"), "{:?}", first.split.describe());
    let digests = |splits: &Splits| [&splits.train, &splits.test].map(|data| digest(data.as_ref()).unwrap());
    assert_eq!(digests(&first), digests(&splits(0.5)));
    assert_ne!(digests(&first), digests(&splits(0.25)));
    let whole = ConcatDataset::new(first.train.clone(), vec![first.test.clone()]).unwrap();
    assert_eq!(whole.target(50).unwrap(), first.test.target(2).unwrap());
    assert_eq!((whole.task(), whole.columns().unwrap().label.as_str()), (Task::Regression, "price"));
}

/// Trains to the end, or to a step.
fn train(trainer: &mut Trainer, until: u64) {
    loop {
        match block_on(trainer.next()).unwrap() {
            Event::Done(_) => return,
            Event::Step(position) if position.step == until => return,
            _ => {}
        }
    }
}

#[test]
fn a_run_of_a_quantity_keeps_the_epoch_of_the_lowest_loss_and_resumes_exactly() {
    let data = prices(0.5).into_splits(&OpenOptions::default()).unwrap();
    let spec = TrainSpec {
        preset: Some("mlp".into()),
        optimizer: OptimizerSpec::Sgd(SgdOptions { lr: 0.05, momentum: 0.9, ..SgdOptions::default() }),
        batch_size: 16,
        epochs: 6,
        evaluate_every: 1,
        keep: Some(Keep::Best),
        ..TrainSpec::default()
    };
    let device = Device::cpu();
    let refused = Trainer::new(spec.clone(), data.train.clone(), data.test.clone(), &device).map(|_| ());
    assert!(refused.unwrap_err().to_string().contains("use mse, l1, smooth_l1 or huber"));
    let spec = spec.for_task(data.train.task());
    let new = || Trainer::new(spec.clone(), data.train.clone(), data.test.clone(), &device).unwrap();
    let mut whole = new();
    train(&mut whole, 0);
    let losses: Vec<f64> = whole.history().iter().map(|epoch| epoch.test.as_ref().unwrap().loss).collect();
    let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
    assert_eq!((whole.selection().epoch, whole.selection().metric.as_deref()), (best + 1, Some("test_loss")));
    let test = whole.result().unwrap();
    let (errors, scale) = (test.regression.unwrap(), TargetScale::from_targets(data.train.as_ref()).unwrap());
    assert!((errors.mse / (test.loss * scale.std * scale.std) - 1.0).abs() < 1e-5, "{errors:?}");
    assert_eq!((test.accuracy, errors.samples), (None, 12));

    let mut first = new();
    train(&mut first, 8);
    let bytes = block_on(first.checkpoint()).unwrap().to_bytes().unwrap();
    let file = ModelFile::from_bytes(&bytes, "c").unwrap();
    assert_eq!(file.info.columns.as_ref().unwrap().target_scale, Some(scale));
    let mut second = Trainer::resume(&file, spec.clone(), data.train.clone(), data.test.clone(), &device).unwrap();
    train(&mut second, 0);
    assert_eq!(second.history(), whole.history());
    let model = |trainer: &Trainer| block_on(trainer.model_file()).unwrap().tensors;
    assert_eq!(model(&second), model(&whole));
}
