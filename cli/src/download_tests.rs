//! Downloads from a local server that disconnects, ignores ranges, or sends other content.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::{Digest, Md5, fetch, part_of};

/// Behavior of the server.
#[derive(Clone)]
struct Serve {
    content: Vec<u8>,
    /// `true` if it supports ranges.
    ranges: bool,
    /// Number of bytes of the body before it disconnects.
    cut: Option<usize>,
    status: u16,
}

impl Serve {
    fn whole(content: &[u8]) -> Self {
        Self { content: content.to_vec(), ranges: true, cut: None, status: 200 }
    }
}

struct Server {
    url: String,
    serve: Arc<Mutex<Serve>>,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn start(serve: Serve) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file.tar.gz", listener.local_addr().unwrap());
        let serve = Arc::new(Mutex::new(serve));
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (shared, requested) = (serve.clone(), ranges.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut from = None;
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let line = line.unwrap().to_lowercase();
                    if let Some(range) = line.strip_prefix("range: bytes=") {
                        from = range.trim_end_matches('-').parse::<usize>().ok();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                requested.lock().unwrap().push(from);
                let Serve { content, ranges, cut, status } = shared.lock().unwrap().clone();
                let from = from.filter(|_| ranges).unwrap_or(0);
                let status = match status {
                    200 if from > content.len() => 416,
                    200 if from > 0 => 206,
                    other => other,
                };
                let body = content.get(from..).unwrap_or_default();
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).unwrap();
                // The client may disconnect first.
                let _ = stream.write_all(&body[..cut.unwrap_or(body.len()).min(body.len())]);
            }
        });
        Self { url, serve, ranges }
    }
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn path_of(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("kindling-download-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder.join("deep/file.tar.gz")
}

fn cleanup(path: &std::path::Path) {
    std::fs::remove_dir_all(path.parent().unwrap().parent().unwrap()).unwrap();
}

#[test]
fn a_file_is_fetched_once() {
    let (content, path) = (content(), path_of("once"));
    let server = Server::start(Serve::whole(&content));
    let fetched = fetch(&server.url, &path, &md5(&content), true).unwrap();
    assert_eq!((fetched.bytes, fetched.downloaded), (300_000, 300_000));
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert!(!part_of(&path).exists());
    assert_eq!(fetch(&server.url, &path, &md5(&content), true).unwrap().downloaded, 0);
    assert_eq!(server.ranges.lock().unwrap().len(), 1);
    // An existing file with other content is not overwritten.
    std::fs::write(&path, b"mine").unwrap();
    let refused = fetch(&server.url, &path, &md5(&content), true).err().unwrap().to_string();
    assert!(refused.contains("move it away"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    cleanup(&path);
}

#[test]
fn an_interrupted_download_resumes() {
    let (content, path) = (content(), path_of("resume"));
    let server = Server::start(Serve { cut: Some(100_000), ..Serve::whole(&content) });
    let refused = fetch(&server.url, &path, &md5(&content), true).err().unwrap().to_string();
    assert!(refused.contains("broke off") && refused.contains("again to resume"), "{refused}");
    assert!(!path.exists());
    let begun = std::fs::metadata(part_of(&path)).unwrap().len();
    assert!(begun > 0 && begun <= 100_000, "{begun}");
    server.serve.lock().unwrap().cut = None;
    let fetched = fetch(&server.url, &path, &md5(&content), true).unwrap();
    assert_eq!((fetched.bytes, fetched.downloaded), (300_000, 300_000 - begun));
    assert_eq!(std::fs::read(&path).unwrap(), content);
    assert_eq!(*server.ranges.lock().unwrap(), [None, Some(begun as usize)]);
    cleanup(&path);
}

#[test]
fn a_server_without_ranges_starts_from_the_beginning() {
    let (content, path) = (content(), path_of("no-ranges"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(part_of(&path), &content[..1000]).unwrap();
    let server = Server::start(Serve { ranges: false, ..Serve::whole(&content) });
    assert_eq!(fetch(&server.url, &path, &md5(&content), true).unwrap().downloaded, 300_000);
    assert_eq!(std::fs::read(&path).unwrap(), content);
    cleanup(&path);
}

#[test]
fn a_beginning_of_something_else_is_thrown_away() {
    let (content, path) = (content(), path_of("other"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    for other in [vec![7u8; 1000], vec![7u8; 400_000]] {
        let _ = std::fs::remove_file(&path);
        std::fs::write(part_of(&path), other).unwrap();
        let server = Server::start(Serve::whole(&content));
        assert_eq!(fetch(&server.url, &path, &md5(&content), true).unwrap().downloaded, 300_000);
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
    cleanup(&path);
}

#[test]
fn what_is_not_the_official_file_is_not_kept() {
    let (content, path) = (content(), path_of("wrong"));
    let server = Server::start(Serve::whole(b"<html>maintenance</html>"));
    let refused = fetch(&server.url, &path, &md5(&content), true).err().unwrap().to_string();
    assert!(refused.contains("checksum") && refused.contains("nothing was kept"), "{refused}");
    assert!(!path.exists() && !part_of(&path).exists());
    server.serve.lock().unwrap().status = 404;
    let refused = fetch(&server.url, &path, &md5(&content), true).err().unwrap().to_string();
    assert!(refused.contains("404"), "{refused}");
    let refused = fetch("http://127.0.0.1:1/x", &path, &md5(&content), true).err().unwrap().to_string();
    assert!(refused.contains("cannot be fetched"), "{refused}");
    cleanup(&path);
}
