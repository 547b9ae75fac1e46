//! Who a certificate speaks for: its subject alternative names, compared as a whole.

use std::str::FromStr;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

/// An allowed subject alternative name: a URI, as of SPIFFE, or a name of DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum San {
    Uri(String),
    Dns(String),
}

impl FromStr for San {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.contains('*') || text.chars().any(char::is_whitespace) {
            return Err("write one whole name, such as `spiffe://cluster.local/ns/web/sa/gateway`".to_owned());
        }
        if text.contains("://") { Ok(Self::Uri(text.to_owned())) } else { Ok(Self::Dns(text.to_owned())) }
    }
}

/// What the chain's verifier accepts, and of that only who is named.
#[derive(Debug)]
pub struct Named {
    chains: Arc<dyn ClientCertVerifier>,
    allowed: Arc<[San]>,
}

impl Named {
    pub fn new(chains: Arc<dyn ClientCertVerifier>, allowed: Arc<[San]>) -> Self {
        Self { chains, allowed }
    }

    fn names(&self, certificate: &CertificateDer<'_>) -> Result<bool, Error> {
        let certificate = webpki::EndEntityCert::try_from(certificate)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        Ok(self.allowed.iter().any(|allowed| match allowed {
            San::Uri(uri) => certificate.valid_uri_names().any(|name| name == uri),
            // A wildcard in a certificate is compared as it stands, and so never matches.
            San::Dns(dns) => certificate.valid_dns_names().any(|name| name.eq_ignore_ascii_case(dns)),
        }))
    }
}

impl ClientCertVerifier for Named {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chains.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.chains.verify_client_cert(certificate, intermediates, now)?;
        if self.names(certificate)? {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}
