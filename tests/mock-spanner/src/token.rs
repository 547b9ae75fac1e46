//! Words of SQL and DDL: names, numbers, texts, parameters, signs. Comments are passed over.

use tonic::Status;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or keyword; dots join (`information_schema.tables`).
    Word(String),
    Parameter(String),
    Number(String),
    Text(String),
    Sign(&'static str),
}

const SIGNS: [&str; 17] =
    ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ",", ";", "+", "-", "*", "/", "[", "]"];

/// Tokens with what is needed to read them one by one.
pub struct Tokens {
    tokens: Vec<Token>,
    next: usize,
}

impl Tokens {
    pub fn of(text: &str) -> Result<Self, Status> {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (token, after) = if rest.starts_with("--") {
                (None, rest.split_once('\n').map_or("", |(_, after)| after))
            } else if first == '\'' || first == '"' {
                let (text, after) = quoted(&rest[1..], first).ok_or_else(|| syntax("an open text"))?;
                (Some(Token::Text(text)), after)
            } else if first == '`' {
                let (name, after) = rest[1..].split_once('`').ok_or_else(|| syntax("an open name"))?;
                (Some(Token::Word(name.to_owned())), after)
            } else if first == '@' || (first == '$' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
                let (name, after) = word(&rest[1..]);
                // In the PostgreSQL dialect `$1` is the parameter `p1`.
                let name = if first == '$' { format!("p{name}") } else { name.to_owned() };
                (Some(Token::Parameter(name)), after)
            } else if first.is_ascii_digit() {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                (Some(Token::Number(rest[..end].to_owned())), &rest[end..])
            } else if first.is_alphabetic() || first == '_' {
                let (name, after) = word(rest);
                (Some(Token::Word(name.to_owned())), after)
            } else {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign = sign.ok_or_else(|| syntax(&format!("`{first}`")))?;
                (Some(Token::Sign(sign)), &rest[sign.len()..])
            };
            tokens.extend(token);
            rest = after.trim_start();
        }
        Ok(Self { tokens, next: 0 })
    }

    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    pub fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    pub fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    /// Takes the words if they all come next.
    pub fn words(&mut self, words: &[&str]) -> bool {
        let start = self.next;
        for word in words {
            if !self.is_word(word) {
                self.next = start;
                return false;
            }
            self.next += 1;
        }
        true
    }

    pub fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.next += usize::from(found);
        found
    }

    pub fn demand_words(&mut self, words: &[&str]) -> Result<(), Status> {
        if self.words(words) { Ok(()) } else { Err(self.unexpected(&words.join(" "))) }
    }

    pub fn demand_sign(&mut self, sign: &str) -> Result<(), Status> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected(sign)) }
    }

    pub fn demand_name(&mut self) -> Result<String, Status> {
        match self.peek().cloned() {
            Some(Token::Word(name)) => {
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// `(name, …)`, each possibly followed by ASC or DESC.
    pub fn demand_names(&mut self) -> Result<Vec<String>, Status> {
        self.demand_sign("(")?;
        let mut names = Vec::new();
        while !self.sign(")") {
            names.push(self.demand_name()?);
            let _ = self.words(&["ASC"]) || self.words(&["DESC"]);
            self.sign(",");
        }
        Ok(names)
    }

    /// Passes over what is balanced, up to a sign outside of brackets.
    pub fn skip_to(&mut self, signs: &[&str]) {
        let mut depth = 0_u32;
        while let Some(token) = self.peek() {
            match token {
                Token::Sign(sign) if depth == 0 && signs.contains(sign) => return,
                Token::Sign("(") => depth += 1,
                Token::Sign(")") => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.next += 1;
        }
    }

    pub fn is_done(&self) -> bool {
        self.next >= self.tokens.len()
    }

    pub fn unexpected(&self, wanted: &str) -> Status {
        syntax(&format!("expected {wanted}, found {:?}", self.peek()))
    }
}

fn syntax(problem: &str) -> Status {
    Status::invalid_argument(format!("Syntax error: {problem}"))
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

/// The text up to its closing quote, which a backslash escapes.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            _ if character == quote => return Some((value, &text[index + 1..])),
            _ => value.push(character),
        }
    }
    None
}
