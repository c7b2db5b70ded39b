//! A way to the broker that can be cut, and serves again at once.

use std::io::{copy, Result};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

pub struct Relay {
    pub port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    pub fn to(broker: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = Self { port: listener.local_addr()?.port(), open: Arc::default() };
        let open = relay.open.clone();
        spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&broker).expect("the broker");
                pump(&client, &server);
                pump(&server, &client);
                open.lock().expect("no panic").push(client);
            }
        });
        Ok(relay)
    }

    pub fn cut(&self) {
        for client in self.open.lock().expect("no panic").drain(..) {
            let _ = client.shutdown(Shutdown::Both); // may be over already
        }
    }
}

fn pump(from: &TcpStream, to: &TcpStream) {
    let mut from = from.try_clone().expect("a handle");
    let mut to = to.try_clone().expect("a handle");
    spawn(move || {
        let _ = copy(&mut from, &mut to); // until either side has gone
        let _ = to.shutdown(Shutdown::Both);
    });
}
