//! What the demo is asked for: whose files, on which ports.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use spangate_stack::{Document, Documents, Ports, read_yaml, root};

#[derive(Args, Clone, Debug, Default)]
pub struct Files {
    /// Your policy in place of the sample's
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Your operations in place of the sample's
    #[arg(long, value_name = "FILE")]
    operations: Option<PathBuf>,
    /// Your schema, as DDL, in place of the sample's
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Your rows, as DML, in place of the sample's
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Whom the development issuer gives tokens to, in place of the sample's
    #[arg(long, value_name = "FILE")]
    people: Option<PathBuf>,
}

/// The defaults are those of `envoy.yaml` and `docker-compose.yml`.
#[derive(Args, Clone, Debug)]
pub struct PortChoice {
    #[arg(long, value_name = "PORT", default_value_t = Ports::default().gateway)]
    gateway_port: u16,
    #[arg(long, value_name = "PORT", default_value_t = Ports::default().admin)]
    admin_port: u16,
    #[arg(long, value_name = "PORT", default_value_t = Ports::default().issuer)]
    issuer_port: u16,
    #[arg(long, value_name = "PORT", default_value_t = Ports::default().emulator)]
    emulator_port: u16,
    #[arg(long, value_name = "PORT", default_value_t = Ports::default().emulator_rest)]
    emulator_rest_port: u16,
    /// Whatever ports are free, in place of all of the above
    #[arg(long)]
    free_ports: bool,
}

impl Files {
    pub fn are_the_samples(&self) -> bool {
        [&self.policy, &self.operations, &self.schema, &self.data].iter().all(|file| file.is_none())
    }

    pub fn documents(&self) -> Result<Documents> {
        let mut documents = Documents::storefront();
        for (given, document) in [
            (&self.policy, &mut documents.policy),
            (&self.operations, &mut documents.operations),
            (&self.schema, &mut documents.schema),
            (&self.data, &mut documents.data),
            (&self.people, &mut documents.people),
        ] {
            if let Some(file) = given {
                let file = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
                *document = Document::File(file);
            }
        }
        if let (Some(policy), None) = (&self.policy, &self.people) {
            documents.people = people_for(&read_yaml(policy)?)?;
        }
        Ok(documents)
    }
}

impl PortChoice {
    pub fn free() -> Self {
        let Ports { gateway, admin, issuer, emulator, emulator_rest } = Ports::default();
        Self {
            gateway_port: gateway,
            admin_port: admin,
            issuer_port: issuer,
            emulator_port: emulator,
            emulator_rest_port: emulator_rest,
            free_ports: true,
        }
    }

    pub fn ports(&self) -> Result<Ports> {
        if self.free_ports {
            return Ports::free();
        }
        let ports = Ports {
            gateway: self.gateway_port,
            admin: self.admin_port,
            issuer: self.issuer_port,
            emulator: self.emulator_port,
            emulator_rest: self.emulator_rest_port,
        };
        let taken = ports.taken();
        if !taken.is_empty() {
            let taken: Vec<String> = taken.iter().map(|(what, port)| format!("{port} ({what})")).collect();
            bail!(
                "taken already: port {}\nstop what listens there, choose others (`--gateway-port`, `--admin-port`, \
                 `--issuer-port`, `--emulator-port`, `--emulator-rest-port`), or let `--free-ports` choose",
                taken.join(", ")
            );
        }
        Ok(ports)
    }
}

/// The sample's people, with the audience that a user's policy demands of the development issuer.
fn people_for(policy: &Value) -> Result<Document> {
    let mut people = read_yaml(&root().join("examples/storefront/people.yaml"))?;
    let audience =
        spangate_stack::development_issuer(policy).and_then(|issuer| match issuer.get("audiences")? {
            Value::Array(audiences) => audiences.first(),
            audience => Some(audience),
        });
    if let (Some(audience), Some(people)) = (audience, people.as_object_mut()) {
        people.insert("audience".to_owned(), audience.clone());
    }
    Ok(Document::Text(people.to_string()))
}
