//! TLS to a server that speaks https, trusted by what this system trusts (`SSL_CERT_FILE` and the like).

use std::{io, net::IpAddr, sync::Arc};

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{net::TcpStream, sync::OnceCell};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// What is needed to know the server.
pub(super) struct Tls {
    name: ServerName<'static>,
    /// Read when it is first needed, and again until there is any.
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    /// Of the server at `host`, which may have a port; `None` when that is no host.
    pub(super) fn new(host: &str) -> Option<Self> {
        let inner = host.strip_prefix('[').and_then(|rest| rest.split(']').next());
        let name = inner.unwrap_or_else(|| host.rsplit_once(':').map_or(host, |(name, _)| name));
        let name = match name.parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => ServerName::try_from(name.to_owned()).ok()?,
        };
        Some(Self { name, config: OnceCell::new() })
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = self.config.get_or_try_init(load).await?;
        TlsConnector::from(Arc::clone(config)).connect(self.name.clone(), stream).await
    }
}

async fn load() -> io::Result<Arc<ClientConfig>> {
    let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    let mut roots = RootCertStore::empty();
    // Certificates that cannot be read are left out, as every other program on the system does.
    roots.add_parsable_certificates(found.map(|found| found.certs).unwrap_or_default());
    if roots.is_empty() {
        return Err(io::Error::other(
            "this system trusts no certificates: install ca-certificates, or set SSL_CERT_FILE",
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_server_has_no_port() {
        let name = |host: &str| Tls::new(host).map(|tls| tls.name.to_str().into_owned());
        for (host, want) in [
            ("ci.example", Some("ci.example")),
            ("ci.example:8443", Some("ci.example")),
            ("10.0.0.1:443", Some("10.0.0.1")),
            ("[::1]:443", Some("::1")),
            ("[::1]", Some("::1")),
            ("no host", None),
        ] {
            assert_eq!(name(host).as_deref(), want, "{host}");
        }
    }
}
