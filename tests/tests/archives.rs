//! Archives of data: zips with foreign names, encrypted, damaged or packed otherwise; tars with long names.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::io::{Cursor, Write as _};

use kindling::data::files::Files;
use kindling::data::{OpenOptions, Reader, Samples, Splits, codecs::Native};
use kindling::{Result, block_on};
use kindling_tests::checks::refusal;

fn png(value: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(4, 4, image::Rgb([value; 3])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A zip of stored files whose names are these bytes, with flags and a method of one's choice.
fn zip(files: &[(&[u8], Vec<u8>)], flags: u16, method: u16) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = body.len() as u32;
        let mut head: Vec<u8> = [20u16, flags, method, 0, 0].iter().flat_map(|x| x.to_le_bytes()).collect();
        head.extend(
            [kindling::data::crc32(content), content.len() as u32, content.len() as u32]
                .iter()
                .flat_map(|x| x.to_le_bytes()),
        );
        head.extend((name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        body.extend(b"PK\x03\x04".iter().chain(&head).chain(*name).chain(content));
        directory.extend(b"PK\x01\x02\x14\x00".iter().chain(&head));
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(*name);
    }
    let (at, size, n) = (body.len() as u32, directory.len() as u32, files.len() as u16);
    body.extend(directory);
    body.extend(b"PK\x05\x06\0\0\0\0");
    body.extend([n, n].iter().flat_map(|x| x.to_le_bytes()));
    body.extend([size, at].iter().flat_map(|x| x.to_le_bytes()));
    body.extend([0, 0]);
    body
}

fn read(name: &str, bytes: &[u8]) -> Result<Splits> {
    let mut reader = Reader::new(name, OpenOptions::default());
    reader.begin(name, Some(bytes.len() as u64))?;
    reader.data(bytes)?;
    reader.end()?;
    block_on(reader.finish(&Native))
}

fn images(folders: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of = |folder: &&[u8]| {
        (0..5u8).map(|i| ([folder, format!("/{i}.png").as_bytes()].concat(), png(i))).collect::<Vec<_>>()
    };
    folders.iter().flat_map(of).collect()
}

fn borrowed(files: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&[u8], Vec<u8>)> {
    files.iter().map(|(name, content)| (name.as_slice(), content.clone())).collect()
}

#[test]
fn names_without_the_flag_are_code_page_437_and_stay_apart() {
    // "кот" and "пес" in code page 866.
    let files = images(&[b"fox", b"\xaa\xae\xe2", b"\xaf\xa5\xe1"]);
    let splits = read("animals.zip", &zip(&borrowed(&files), 0, 0)).unwrap();
    assert_eq!(splits.train.classes(), ["fox", "¬«Γ", "»Ñß"].map(str::to_owned).as_slice());
    assert_eq!((splits.train.len(), splits.test.len()), (12, 3));
    let files = images(&["fox".as_bytes(), "кот".as_bytes()]);
    let splits = read("animals.zip", &zip(&borrowed(&files), 1 << 11, 0)).unwrap();
    assert_eq!(splits.train.classes(), ["fox", "кот"]);
}

#[test]
fn what_cannot_be_unpacked_is_named() {
    let files = images(&[b"a", b"b"]);
    for (flags, method, words) in [(1, 0, "encrypted"), (0, 12, "bzip2"), (0, 93, "zstd"), (0, 8, "cannot be unpacked")]
    {
        let refused = refusal(read("album.zip", &zip(&borrowed(&files), flags, method)).map(|_| ()));
        let low = refused.to_lowercase();
        assert!(low.contains("album.zip") && low.contains(words) && !low.contains('\n'), "{words}: {refused}");
    }
    let whole = zip(&borrowed(&files), 0, 0);
    assert!(refusal(read("cut.zip", &whole[..whole.len() / 2]).map(|_| ())).contains("cut.zip"));
    let mut damaged = whole;
    let directory = damaged.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    damaged[directory + 16] ^= 1;
    let refused = refusal(read("set.zip", &damaged).map(|_| ()));
    assert!(refused.contains(".png") && refused.contains("cannot be unpacked"), "{refused}");
    let twice = [files.clone(), files].concat();
    assert!(refusal(Files::default().insert_zip("x.zip", zip(&borrowed(&twice), 0, 0))).contains("twice"));
}

#[test]
fn a_tar_of_images_by_class_with_long_names() {
    let long = format!("{}/{}", "deep".repeat(30), "er".repeat(40));
    for header in [tar::Header::new_gnu(), tar::Header::new_ustar()] {
        let mut tar = tar::Builder::new(Vec::new());
        for (folder, n) in [("train/iris", 4u8), ("train/rose", 4), ("val/iris", 2), ("val/rose", 2)] {
            for i in 0..n {
                let content = png(i);
                let mut header = header.clone();
                header.set_size(content.len() as u64);
                header.set_mode(0o644);
                let path = format!("102flowers/{folder}/{long}/{i}.png");
                if header.as_ustar().is_some() {
                    tar.append_pax_extensions([("path", path.as_bytes())]).unwrap();
                    header.set_path("short.png").unwrap();
                    header.set_cksum();
                    tar.append(&header, content.as_slice()).unwrap();
                } else {
                    header.set_cksum();
                    tar.append_data(&mut header, path, content.as_slice()).unwrap();
                }
            }
        }
        let splits = read("102flowers.tar", &tar.into_inner().unwrap()).unwrap();
        assert_eq!((splits.train.len(), splits.test.len()), (8, 4));
        assert_eq!(splits.train.classes(), ["iris", "rose"]);
        let Samples::Bytes(pixels) = splits.train.read(&[0]).unwrap() else { panic!() };
        assert!(pixels.iter().all(|byte| *byte == pixels[0]) && pixels.len() == 48);
    }
}

#[test]
fn a_name_cannot_be_taken_twice_but_a_packed_copy_gives_way() {
    use kindling::data::files::Content;

    let mut files = Files::default();
    files.insert("a/x.csv.gz", Content::Bytes(vec![1])).unwrap();
    files.insert("a/x.csv", Content::Bytes(vec![2])).unwrap();
    files.insert("a/x.csv.gz", Content::Bytes(vec![3])).unwrap();
    assert_eq!(block_on(files.read("a/x.csv", &Native)).unwrap(), [2]);
    assert!(refusal(files.insert("a/x.csv", Content::Unread)).contains("twice"));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"plain").unwrap();
    files.insert("y.csv.gz", Content::Bytes(gz.finish().unwrap())).unwrap();
    assert_eq!(block_on(files.read("y.csv", &Native)).unwrap(), b"plain");
}
