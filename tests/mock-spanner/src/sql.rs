//! The little SQL that the mock runs: `SELECT … FROM t WHERE … ORDER BY … LIMIT …`, `INSERT`, `UPDATE`, `DELETE`, each
//! with `THEN RETURN` (or `RETURNING`). No joins, no functions but the commit's timestamp.

use tonic::Status;

use crate::token::{Token, Tokens};
use crate::value::Value;

#[derive(Clone, Debug)]
pub enum Statement {
    Select(Select),
    Insert { table: String, columns: Vec<String>, rows: Vec<Vec<Expression>>, returning: Vec<Item> },
    Update { table: String, set: Vec<(String, Expression)>, filter: Option<Expression>, returning: Vec<Item> },
    Delete { table: String, filter: Option<Expression>, returning: Vec<Item> },
}

#[derive(Clone, Debug)]
pub struct Select {
    pub items: Vec<Item>,
    pub table: Option<String>,
    pub filter: Option<Expression>,
    /// Column, and whether it descends.
    pub order: Vec<(String, bool)>,
    pub limit: Option<Expression>,
}

#[derive(Clone, Debug)]
pub enum Item {
    Star,
    Count(String),
    Expression(Expression, String),
}

#[derive(Clone, Debug)]
pub enum Expression {
    Literal(Value),
    Parameter(String),
    Column(String),
    CommitTimestamp,
    Not(Box<Expression>),
    IsNull(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
}

impl Operator {
    fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Plus | Self::Minus => 4,
            Self::Times => 5,
            _ => 3,
        }
    }
}

pub fn parse(sql: &str) -> Result<Statement, Status> {
    let mut tokens = Tokens::of(sql)?;
    let statement = statement(&mut tokens)?;
    tokens.sign(";");
    if tokens.is_done() { Ok(statement) } else { Err(tokens.unexpected("the end")) }
}

/// Statements that end with semicolons.
pub fn parse_all(sql: &str) -> Result<Vec<Statement>, Status> {
    let mut tokens = Tokens::of(sql)?;
    let mut statements = Vec::new();
    while !tokens.is_done() {
        if !tokens.sign(";") {
            statements.push(statement(&mut tokens)?);
        }
    }
    Ok(statements)
}

fn statement(tokens: &mut Tokens) -> Result<Statement, Status> {
    let statement = if tokens.words(&["SELECT"]) {
        Statement::Select(select(tokens)?)
    } else if tokens.words(&["INSERT"]) {
        tokens.words(&["INTO"]);
        insert(tokens)?
    } else if tokens.words(&["UPDATE"]) {
        update(tokens)?
    } else if tokens.words(&["DELETE"]) {
        tokens.words(&["FROM"]);
        let table = tokens.demand_name()?;
        Statement::Delete { table, filter: filter(tokens)?, returning: returning(tokens)? }
    } else {
        return Err(tokens.unexpected("a statement that the mock knows"));
    };
    Ok(statement)
}

fn select(tokens: &mut Tokens) -> Result<Select, Status> {
    let items = items(tokens)?;
    let table = if tokens.words(&["FROM"]) { Some(tokens.demand_name()?) } else { None };
    let filter = filter(tokens)?;
    let mut order = Vec::new();
    if tokens.words(&["ORDER", "BY"]) {
        loop {
            let column = tokens.demand_name()?;
            let descends = tokens.words(&["DESC"]);
            tokens.words(&["ASC"]);
            order.push((column, descends));
            if !tokens.sign(",") {
                break;
            }
        }
    }
    let limit = if tokens.words(&["LIMIT"]) { Some(expression(tokens, 0)?) } else { None };
    Ok(Select { items, table, filter, order, limit })
}

fn insert(tokens: &mut Tokens) -> Result<Statement, Status> {
    let table = tokens.demand_name()?;
    let columns = tokens.demand_names()?;
    tokens.demand_words(&["VALUES"])?;
    let mut rows = Vec::new();
    loop {
        tokens.demand_sign("(")?;
        let mut row = Vec::new();
        while !tokens.sign(")") {
            row.push(expression(tokens, 0)?);
            tokens.sign(",");
        }
        if row.len() != columns.len() {
            return Err(Status::invalid_argument("Inserted row has wrong column count"));
        }
        rows.push(row);
        if !tokens.sign(",") {
            break;
        }
    }
    Ok(Statement::Insert { table, columns, rows, returning: returning(tokens)? })
}

fn update(tokens: &mut Tokens) -> Result<Statement, Status> {
    let table = tokens.demand_name()?;
    tokens.demand_words(&["SET"])?;
    let mut set = Vec::new();
    loop {
        let column = tokens.demand_name()?;
        tokens.demand_sign("=")?;
        set.push((column, expression(tokens, 0)?));
        if !tokens.sign(",") {
            break;
        }
    }
    Ok(Statement::Update { table, set, filter: filter(tokens)?, returning: returning(tokens)? })
}

fn filter(tokens: &mut Tokens) -> Result<Option<Expression>, Status> {
    if tokens.words(&["WHERE"]) { expression(tokens, 0).map(Some) } else { Ok(None) }
}

fn returning(tokens: &mut Tokens) -> Result<Vec<Item>, Status> {
    if tokens.words(&["THEN", "RETURN"]) || tokens.words(&["RETURNING"]) {
        items(tokens)
    } else {
        Ok(Vec::new())
    }
}

fn items(tokens: &mut Tokens) -> Result<Vec<Item>, Status> {
    let mut items = Vec::new();
    loop {
        if tokens.sign("*") {
            items.push(Item::Star);
        } else if tokens.is_word("COUNT") {
            tokens.take();
            tokens.demand_sign("(")?;
            tokens.demand_sign("*")?;
            tokens.demand_sign(")")?;
            items.push(Item::Count(alias(tokens)?.unwrap_or_default()));
        } else {
            let value = expression(tokens, 0)?;
            let own = if let Expression::Column(name) = &value { name.clone() } else { String::new() };
            let name = alias(tokens)?.unwrap_or(own);
            items.push(Item::Expression(value, name));
        }
        if !tokens.sign(",") {
            return Ok(items);
        }
    }
}

fn alias(tokens: &mut Tokens) -> Result<Option<String>, Status> {
    if tokens.words(&["AS"]) { tokens.demand_name().map(Some) } else { Ok(None) }
}

/// What binds more strongly than `least`.
fn expression(tokens: &mut Tokens, least: u8) -> Result<Expression, Status> {
    let mut left = primary(tokens)?;
    loop {
        if tokens.words(&["IS", "NULL"]) {
            left = Expression::IsNull(Box::new(left));
        } else if tokens.words(&["IS", "NOT", "NULL"]) {
            left = Expression::Not(Box::new(Expression::IsNull(Box::new(left))));
        }
        let Some(operator) = operator(tokens).filter(|operator| operator.strength() > least) else {
            return Ok(left);
        };
        tokens.take();
        let right = expression(tokens, operator.strength())?;
        left = Expression::Binary(operator, Box::new(left), Box::new(right));
    }
}

fn operator(tokens: &Tokens) -> Option<Operator> {
    Some(match tokens.peek()? {
        Token::Sign("=") => Operator::Equal,
        Token::Sign("!=" | "<>") => Operator::Unequal,
        Token::Sign("<") => Operator::Less,
        Token::Sign("<=") => Operator::LessOrEqual,
        Token::Sign(">") => Operator::Greater,
        Token::Sign(">=") => Operator::GreaterOrEqual,
        Token::Sign("+") => Operator::Plus,
        Token::Sign("-") => Operator::Minus,
        Token::Sign("*") => Operator::Times,
        Token::Word(word) if word.eq_ignore_ascii_case("OR") => Operator::Or,
        Token::Word(word) if word.eq_ignore_ascii_case("AND") => Operator::And,
        _ => return None,
    })
}

fn primary(tokens: &mut Tokens) -> Result<Expression, Status> {
    if tokens.words(&["NOT"]) {
        return Ok(Expression::Not(Box::new(expression(tokens, Operator::And.strength())?)));
    }
    if tokens.sign("(") {
        let inner = expression(tokens, 0)?;
        tokens.demand_sign(")")?;
        return Ok(inner);
    }
    let literal = |value| Ok(Expression::Literal(value));
    match tokens.take() {
        Some(Token::Parameter(name)) => Ok(Expression::Parameter(name)),
        Some(Token::Text(text)) => literal(Value::Text(text)),
        Some(Token::Number(number)) => match (number.parse(), number.parse()) {
            (Ok(number), _) => literal(Value::Int(number)),
            (Err(_), Ok(number)) => literal(Value::Float(number)),
            (Err(_), Err(_)) => Err(Status::invalid_argument(format!("Syntax error: `{number}`"))),
        },
        Some(Token::Word(word)) => match word.to_uppercase().as_str() {
            "NULL" => literal(Value::Null),
            "TRUE" => literal(Value::Bool(true)),
            "FALSE" => literal(Value::Bool(false)),
            // A typed literal: its text is what the mock keeps.
            "NUMERIC" | "DATE" | "TIMESTAMP" | "JSON" if matches!(tokens.peek(), Some(Token::Text(_))) => {
                primary(tokens)
            }
            "PENDING_COMMIT_TIMESTAMP" | "SPANNER.PENDING_COMMIT_TIMESTAMP" => {
                tokens.demand_sign("(")?;
                tokens.demand_sign(")")?;
                Ok(Expression::CommitTimestamp)
            }
            _ => Ok(Expression::Column(word)),
        },
        _ => Err(tokens.unexpected("an expression")),
    }
}
