//! The tokens, and the requests that carry them: each with a name that says what is odd about it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use spangate_signing::{Keys, mac, text};

use crate::support::Request;

pub const PATH: &str = "/api/get";

/// A request by its name.
pub struct Row {
    pub name: &'static str,
    pub request: Request,
}

/// The issuer's keys, keys of the same issuer that are not for this, and keys of nobody's.
pub struct Issuer {
    own: Keys,
    unfit: Keys,
    foreign: Keys,
    now: i64,
}

impl Issuer {
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Self { own: Keys::generate(), unfit: Keys::generate(), foreign: Keys::generate(), now: now as i64 }
    }

    pub fn jwks(&self) -> Value {
        let of_kinds = ["RS256", "ES256", "ES384", "ES512", "EdDSA", "HS256"].map(|name| self.own.jwk(name));
        let unfit = |kid: &str, member: &str, value: Value| {
            let mut jwk = self.unfit.jwk("RS256");
            jwk["kid"] = kid.into();
            jwk[member] = value;
            jwk
        };
        let unfit = [
            unfit("for encryption", "use", json!("enc")),
            unfit("for signing", "key_ops", json!(["sign"])),
            unfit("for RS512", "alg", json!("RS512")),
        ];
        json!({"keys": Vec::from_iter(of_kinds.into_iter().chain(unfit))})
    }

    /// One that nobody has a reason to refuse.
    pub fn good(&self) -> String {
        self.own.token("RS256", &header(json!({})), &self.claims(json!({})))
    }

    fn claims(&self, changes: Value) -> Value {
        let claims = json!({"iss": "https://issuer.example", "aud": "api", "sub": "alice", "iat": self.now - 10,
                            "exp": self.now + 600});
        with(claims, changes)
    }

    /// By that algorithm, and it says so.
    fn by(&self, algorithm: &str) -> String {
        let kid = self.own.jwk(algorithm)["kid"].clone();
        self.own.token(algorithm, &json!({"alg": algorithm, "kid": kid}), &self.claims(json!({})))
    }

    fn says(&self, changes: Value) -> String {
        self.own.token("RS256", &header(changes), &self.claims(json!({})))
    }

    fn claiming(&self, changes: Value) -> String {
        self.own.token("RS256", &header(json!({})), &self.claims(changes))
    }

    /// Of these very texts.
    fn written(&self, header: &str, claims: impl AsRef<[u8]>) -> String {
        self.signed(&format!("{}.{}", text(header), text(claims)))
    }

    fn signed(&self, signed: &str) -> String {
        format!("{signed}.{}", text(self.own.sign("RS256", signed.as_bytes())))
    }

    /// With `exp`, or what takes its place, as JSON.
    fn until(&self, exp: &str) -> String {
        let claims = format!(r#"{{"iss":"https://issuer.example","aud":"api","sub":"alice","exp":{exp}}}"#);
        self.written(PLAIN, claims)
    }

    pub fn rows(&self) -> Vec<Row> {
        let tokens =
            [self.algorithms(), self.keys(), self.headers(), self.whom(), self.times(), self.encodings()];
        let bearer =
            |(name, token): (_, String)| Row { name, request: get().token(&format!("Bearer {token}")) };
        tokens.into_iter().flatten().map(bearer).chain(self.places()).collect()
    }

    fn algorithms(&self) -> Vec<(&'static str, String)> {
        let unsigned = |algorithm: &str| {
            let header = json!({"alg": algorithm}).to_string();
            format!("{}.{}.", text(header), text(self.claims(json!({})).to_string()))
        };
        let with_public_key = || {
            let header = header(json!({"alg": "HS256"})).to_string();
            let signed = format!("{}.{}", text(header), text(self.claims(json!({})).to_string()));
            let secret = self.own.jwk("RS256")["n"].to_string();
            format!("{signed}.{}", text(mac(secret.as_bytes(), signed.as_bytes())))
        };
        let claims = self.claims(json!({}));
        vec![
            ("RS256", self.by("RS256")),
            ("RS384", self.by("RS384")),
            ("RS512", self.by("RS512")),
            ("ES256", self.by("ES256")),
            ("ES384", self.by("ES384")),
            ("ES512", self.by("ES512")),
            ("EdDSA", self.by("EdDSA")),
            ("PS256", self.by("PS256")),
            ("HS256 by a secret in the key set", self.by("HS256")),
            ("HS256 by a public key", with_public_key()),
            ("`alg` none", unsigned("none")),
            ("`alg` nOnE", unsigned("nOnE")),
            ("`alg` RS256, unsigned", unsigned("RS256")),
            ("`alg` RS256 of ES256", self.own.token("ES256", &header(json!({"kid": "p256"})), &claims)),
            ("`alg` RS384 of RS256", self.says(json!({"alg": "RS384"}))),
            ("`alg` missing", self.says(json!({"alg": null}))),
            ("`alg` a number", self.says(json!({"alg": 256}))),
        ]
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let unfit =
            |kid: &str| self.unfit.token("RS256", &header(json!({"kid": kid})), &self.claims(json!({})));
        let foreign = |changes| self.foreign.token("RS256", &header(changes), &self.claims(json!({})));
        let es256 = self.by("ES256");
        let (signed, signature) = es256.rsplit_once('.').unwrap();
        vec![
            ("no `kid`", self.says(json!({"kid": null}))),
            ("`kid` of nobody", self.says(json!({"kid": "nobody"}))),
            ("`kid` a number", self.says(json!({"kid": 7}))),
            ("`kid` of a key for encryption", unfit("for encryption")),
            ("`kid` of a key with `key_ops` sign", unfit("for signing")),
            ("`kid` of a key with another `alg`", unfit("for RS512")),
            ("a key of nobody's", foreign(json!({}))),
            ("a key of nobody's, in `jwk`", foreign(json!({"jwk": self.foreign.jwk("RS256")}))),
            ("a key of nobody's, at `jku`", foreign(json!({"jku": "https://issuer.example/keys"}))),
            (
                "`x5t` and `jku` on a good token",
                self.says(json!({"x5t": "AAAA", "jku": "https://x.example"})),
            ),
            ("a signature of zeros", format!("{signed}.{}", text([0; 64]))),
            ("a signature cut short", format!("{signed}.{}", &signature[..80])),
            ("a signature that goes on", format!("{signed}.{signature}AAAA")),
        ]
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("`typ` at+jwt", self.says(json!({"typ": "at+jwt"}))),
            ("`typ` a number", self.says(json!({"typ": 7}))),
            ("`crit` exp", self.says(json!({"crit": ["exp"]}))),
            ("`crit` of nothing", self.says(json!({"crit": []}))),
            ("`b64` false", self.says(json!({"b64": false}))),
            ("`b64` false, `crit` b64", self.says(json!({"b64": false, "crit": ["b64"]}))),
            ("`b64` true", self.says(json!({"b64": true}))),
            ("`zip` DEF", self.says(json!({"zip": "DEF"}))),
            ("`cty` JWT", self.says(json!({"cty": "JWT"}))),
            ("`cty` text/plain", self.says(json!({"cty": "text/plain"}))),
            ("`enc` in a signed token", self.says(json!({"enc": "A128GCM"}))),
            ("`alg` twice", self.written(r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#, self.own_claims())),
        ]
    }

    fn own_claims(&self) -> String {
        self.claims(json!({})).to_string()
    }

    fn whom(&self) -> Vec<(&'static str, String)> {
        vec![
            ("another `iss`", self.claiming(json!({"iss": "https://other.example"}))),
            ("`iss` with a slash more", self.claiming(json!({"iss": "https://issuer.example/"}))),
            ("no `iss`", self.claiming(json!({"iss": null}))),
            ("`iss` a list", self.claiming(json!({"iss": ["https://issuer.example"]}))),
            ("another `aud`", self.claiming(json!({"aud": "other"}))),
            ("`aud` a list with it", self.claiming(json!({"aud": ["other", "api"]}))),
            ("`aud` a list without it", self.claiming(json!({"aud": ["other"]}))),
            ("`aud` with it among words", self.claiming(json!({"aud": "other api"}))),
            ("`aud` with a slash more", self.claiming(json!({"aud": "api/"}))),
            ("`aud` as a URL", self.claiming(json!({"aud": "https://api/"}))),
            ("no `aud`", self.claiming(json!({"aud": null}))),
            ("`sub` twice", self.written(PLAIN, self.own_claims().replace('}', r#","sub":"mallory"}"#))),
            ("`cnf` of a key", self.claiming(json!({"cnf": {"jkt": "AAAA"}}))),
            ("`cnf` of a certificate", self.claiming(json!({"cnf": {"x5t#S256": text([7; 32])}}))),
        ]
    }

    fn times(&self) -> Vec<(&'static str, String)> {
        let now = self.now;
        let in_time = |name: &str, value: Value| self.claiming(json!({name: value}));
        vec![
            ("no `exp`", self.claiming(json!({"exp": null}))),
            ("`exp` past", in_time("exp", json!(now - 600))),
            ("`exp` past, within the skew", in_time("exp", json!(now - 20))),
            ("`exp` before 1970", in_time("exp", json!(-1))),
            ("`exp` 0", in_time("exp", json!(0))),
            ("`exp` with a fraction", self.until(&format!("{}.5", now + 600))),
            ("`exp` with an exponent", self.until("1.9e10")),
            ("`exp` a text", in_time("exp", json!((now + 600).to_string()))),
            ("`exp` null", self.until("null")),
            ("`exp` true", self.until("true")),
            ("`exp` the last of 64 bits", self.until("9223372036854775807")),
            ("`exp` beyond 64 bits", self.until("9223372036854775808")),
            ("`exp` 1e300", self.until("1e300")),
            ("`exp` 1e400", self.until("1e400")),
            ("`nbf` to come", in_time("nbf", json!(now + 600))),
            ("`nbf` to come, within the skew", in_time("nbf", json!(now + 30))),
            ("`nbf` before 1970", in_time("nbf", json!(-5))),
            ("`nbf` a text", in_time("nbf", json!("0"))),
            ("`nbf` beyond 64 bits", in_time("nbf", json!(u64::MAX))),
            ("`iat` to come", in_time("iat", json!(now + 600))),
            ("`iat` a text", in_time("iat", json!("0"))),
        ]
    }

    /// What becomes of a good token on its way.
    fn encodings(&self) -> Vec<(&'static str, String)> {
        let good = self.good();
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (head, claims) = signed.split_once('.').unwrap();
        // 256 bytes leave four bits over in the last character: fifteen others mean the same.
        let (most, last) = signature.split_at(signature.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let other = alphabet.as_bytes()[alphabet.find(last).unwrap() | 1] as char;
        let deep = |depth: usize| {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            self.written(PLAIN, self.own_claims().replace('}', &format!(r#","x":{nested}}}"#)))
        };
        vec![
            ("another spelling of the signature", format!("{signed}.{most}{other}")),
            ("padding after the signature", format!("{good}==")),
            ("padding that was signed", self.signed(&format!("{head}=.{claims}"))),
            ("the alphabet of base64", format!("{signed}.{}", signature.replace('-', "+").replace('_', "/"))),
            ("a part more", format!("{good}.AAAA")),
            ("two parts more", format!("{good}.AAAA.AAAA")),
            ("two parts", signed.to_owned()),
            ("a dot alone", ".".to_owned()),
            ("claims that are a list", self.written(PLAIN, "[]")),
            (
                "claims that are no UTF-8",
                self.written(PLAIN, b"{\"iss\":\"https://issuer.example\",\"x\":\"\xff\"}"),
            ),
            ("claims after a byte order mark", self.written(PLAIN, format!("\u{feff}{}", self.own_claims()))),
            ("claims with a comma too many", self.written(PLAIN, self.own_claims().replace('}', ",}"))),
            (
                "a lone surrogate in a claim",
                self.written(PLAIN, self.own_claims().replace("alice", r"\ud800")),
            ),
            ("JSON that is 100 deep", deep(100)),
            ("JSON that is 2,000 deep", deep(2000)),
            ("17 KiB", self.claiming(json!({"x": "x".repeat(13 * 1024)}))),
        ]
    }

    /// A good token, sent oddly.
    fn places(&self) -> Vec<Row> {
        let good = self.good();
        let row = |name, request: Request| Row { name, request };
        let headers = |name, values: &[String]| {
            row(name, values.iter().fold(get(), |request, value| request.token(value)))
        };
        let bearer = format!("Bearer {good}");
        let query = || Request::get(&format!("{PATH}?access_token={good}"));
        vec![
            headers("`authorization` twice", &[bearer.clone(), bearer.clone()]),
            headers("`authorization` twice, the first of Basic", &["Basic YTpi".to_owned(), bearer.clone()]),
            headers("a list of two tokens", &[format!("{bearer}, {bearer}")]),
            headers("a list of Basic and the token", &[format!("Basic YTpi, {bearer}")]),
            headers("scheme `bearer`", &[format!("bearer {good}")]),
            headers("scheme `BEARER`", &[format!("BEARER {good}")]),
            headers("two spaces after the scheme", &[format!("Bearer  {good}")]),
            headers("a tab after the scheme", &[format!("Bearer\t{good}")]),
            headers("no scheme", std::slice::from_ref(&good)),
            headers("a word before the scheme", &[format!("x {bearer}")]),
            headers("a word after the token", &[format!("{bearer} x")]),
            headers("the scheme alone", &["Bearer".to_owned()]),
            row("nothing at all", get()),
            row("in the query, as `access_token`", query()),
            row("in the query and in the header", query().token(&bearer)),
        ]
    }
}

const PLAIN: &str = r#"{"alg":"RS256","kid":"rsa"}"#;

fn get() -> Request {
    Request::get(PATH)
}

fn header(changes: Value) -> Value {
    with(json!({"alg": "RS256", "kid": "rsa"}), changes)
}

/// A null takes a member away.
fn with(mut base: Value, changes: Value) -> Value {
    let members = base.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    base
}
