//! The server that files are fetched from. Each request gets what the test's script says for its number, byte by byte.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// One request as it came: the path with its query, and the headers in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Asked {
    /// The first byte of `Range: bytes=n-`.
    pub(crate) fn range(&self) -> Option<usize> {
        let range = self.headers.get("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }
}

/// What a request is answered with. The number counts from 0.
type Script = dyn Fn(usize, Asked, Wire) -> BoxFuture<'static, ()> + Send + Sync;

/// The source; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Source {
    /// Starts a source on loopback that runs the script for each request.
    pub(crate) async fn start<F>(script: impl Fn(usize, Asked, Wire) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_at("127.0.0.1:0", script).await
    }

    /// The same at an address.
    pub(crate) async fn start_at<F>(
        address: &str,
        script: impl Fn(usize, Asked, Wire) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let source = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
        };
        let script: Arc<Script> = Arc::new(move |number, asked, wire| Box::pin(script(number, asked, wire)));
        let kept = source.asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, script.clone(), kept.clone()));
            }
        });
        source
    }

    /// A source that gives one file, whole or in part, as a good server does.
    pub(crate) async fn of(file: Vec<u8>) -> Self {
        let file = Arc::new(file);
        Self::start(move |_, asked, wire| {
            let file = file.clone();
            async move { wire.give(&file, &asked).await }
        })
        .await
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request that came.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

async fn answer(mut stream: TcpStream, script: Arc<Script>, kept: Arc<Mutex<Vec<Asked>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let asked = Asked { path, headers };
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(asked.clone());
        kept.len() - 1
    };
    script(number, asked, Wire(stream)).await;
}

/// The connection of one request.
pub(crate) struct Wire(TcpStream);

impl Wire {
    /// Sends bytes as they are. Returns false once the other side is gone.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Sends a head: the status line's end, and headers.
    pub(crate) async fn head(&mut self, status: &str, headers: &[(&str, &str)]) -> bool {
        let mut head = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head += "\r\n";
        self.send(head).await
    }

    /// Sends a whole answer with this body.
    pub(crate) async fn answer(mut self, status: &str, headers: &[(&str, &str)], body: &[u8]) {
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        all.push(("content-length", &length));
        self.head(status, &all).await;
        self.send(body).await;
        self.end().await;
    }

    /// Redirects.
    pub(crate) async fn redirect(self, to: &str) {
        self.answer("302 Found", &[("location", to)], b"").await;
    }

    /// Gives a file: all of it, or the rest that was asked for by the tag `"v1"`.
    pub(crate) async fn give(self, file: &[u8], asked: &Asked) {
        let is_same = asked.headers.get("if-range").is_some_and(|tag| tag == "\"v1\"");
        match asked.range().filter(|start| is_same && *start < file.len()) {
            None => self.answer("200 OK", &[("etag", "\"v1\"")], file).await,
            Some(start) => {
                let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
                let headers = [("etag", "\"v1\""), ("content-range", range.as_str())];
                self.answer("206 Partial Content", &headers, &file[start..]).await;
            }
        }
    }

    /// Waits until the other side is gone.
    pub(crate) async fn hang(mut self) {
        let mut rest = [0; 64];
        while matches!(self.0.read(&mut rest).await, Ok(1..)) {}
    }

    /// Ends in order.
    pub(crate) async fn end(mut self) {
        let _ = self.0.shutdown().await;
        self.hang().await;
    }
}

/// The addresses of a name that always has the same.
pub(crate) fn resolved(addresses: &[&str]) -> yourbit_video::local::Resolved {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Box::pin(async move { Ok(addresses) })
}
