//! Statements.

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef, StmtWith};

use super::class::{Body, Class, Function, Scope};
use super::operators;
use super::{Args, Error, Interpreter, Result, Value};

/// Exit of a block.
pub enum Flow {
    /// End of the block.
    Next,
    /// A `break`.
    Break,
    /// A `continue`.
    Continue,
    /// A `return`, with its value.
    Return(Value),
}

impl Interpreter {
    /// Runs statements.
    pub(super) fn block(&self, body: &[Stmt], scope: &Rc<Scope>) -> Result<Flow> {
        for statement in body {
            match self.statement(statement, scope)? {
                Flow::Next => {}
                left => return Ok(left),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&self, statement: &Stmt, scope: &Rc<Scope>) -> Result<Flow> {
        match statement {
            Stmt::Expr(s) => {
                self.expression(&s.value, scope)?;
            }
            Stmt::Assign(s) => {
                let value = self.expression(&s.value, scope)?;
                for target in &s.targets {
                    self.assign(target, value.clone(), scope)?;
                }
            }
            Stmt::AnnAssign(s) => {
                if let Some(value) = &s.value {
                    let value = self.expression(value, scope)?;
                    self.assign(&s.target, value, scope)?;
                }
            }
            Stmt::AugAssign(s) => {
                let old = self.expression(&s.target, scope)?;
                let value = self.expression(&s.value, scope)?;
                let new = operators::augment(self, s.op, &old, &value)?;
                self.assign(&s.target, new, scope)?;
            }
            Stmt::Return(s) => {
                let value = s.value.as_ref().map_or(Ok(Value::None), |v| self.expression(v, scope))?;
                return Ok(Flow::Return(value));
            }
            Stmt::For(s) => {
                for item in self.expression(&s.iter, scope)?.items()? {
                    self.assign(&s.target, item, scope)?;
                    match self.block(&s.body, scope)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::Next),
                        left @ Flow::Return(_) => return Ok(left),
                    }
                }
                return self.block(&s.orelse, scope);
            }
            Stmt::While(s) => {
                while self.expression(&s.test, scope)?.truth()? {
                    match self.block(&s.body, scope)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::Next),
                        left @ Flow::Return(_) => return Ok(left),
                    }
                }
                return self.block(&s.orelse, scope);
            }
            Stmt::If(s) => {
                if self.expression(&s.test, scope)?.truth()? {
                    return self.block(&s.body, scope);
                }
                for clause in &s.elif_else_clauses {
                    let taken = clause.test.as_ref().map_or(Ok(true), |test| self.expression(test, scope)?.truth())?;
                    if taken {
                        return self.block(&clause.body, scope);
                    }
                }
            }
            Stmt::With(s) => return self.with(s, scope),
            Stmt::FunctionDef(s) => {
                let function = self.define(s, scope)?;
                scope.set(&s.name, function);
            }
            Stmt::ClassDef(s) => {
                let class = self.class(s, scope)?;
                scope.set(&s.name, class);
            }
            Stmt::Assert(s) => {
                if !self.expression(&s.test, scope)?.truth()? {
                    return Err(Error::new("AssertionError"));
                }
            }
            Stmt::Delete(s) => {
                for target in &s.targets {
                    let Expr::Name(name) = target else { return Err(Error::unknown("this form of del")) };
                    scope.forget(&name.id)?;
                }
            }
            Stmt::Import(s) => {
                for alias in &s.names {
                    let (module, name) = (alias.name.as_str(), alias.asname.as_ref().unwrap_or(&alias.name));
                    self.import(module, name.split('.').next().unwrap_or(module), alias.asname.is_some(), scope)?;
                }
            }
            Stmt::ImportFrom(s) => {
                let from = s.module.as_ref().map_or("", |m| m.as_str());
                for alias in &s.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.import(&format!("{from}.{}", alias.name), name, true, scope)?;
                }
            }
            Stmt::Pass(_) => {}
            Stmt::Break(_) => return Ok(Flow::Break),
            Stmt::Continue(_) => return Ok(Flow::Continue),
            Stmt::Try(_) => return Err(Error::unknown("try")),
            Stmt::Raise(s) => {
                let what = s.exc.as_ref().map_or(Ok(Value::None), |e| self.expression(e, scope))?;
                return Err(Error::new(format!("raised {what:?}")));
            }
            Stmt::Global(_) | Stmt::Nonlocal(_) => return Err(Error::unknown("global and nonlocal")),
            Stmt::Match(_) => return Err(Error::unknown("match")),
            Stmt::TypeAlias(_) | Stmt::IpyEscapeCommand(_) => return Err(Error::unknown("this statement")),
        }
        Ok(Flow::Next)
    }

    fn import(&self, module: &str, name: &str, renamed: bool, scope: &Rc<Scope>) -> Result<()> {
        let top = module.split('.').next().unwrap_or(module);
        if !["torch", "math"].contains(&top) {
            return Err(Error::unknown(format!("the module {module}")));
        }
        scope.set(name, Value::Builtin(if renamed { module } else { top }.into()));
        Ok(())
    }

    /// Assigns to a target: a name, a tuple of targets, an attribute, a subscript.
    pub(super) fn assign(&self, target: &Expr, value: Value, scope: &Rc<Scope>) -> Result<()> {
        match target {
            Expr::Name(name) => {
                scope.set(&name.id, value);
                Ok(())
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, &value, scope),
            Expr::List(list) => self.unpack(&list.elts, &value, scope),
            Expr::Attribute(a) => {
                let object = self.expression(&a.value, scope)?;
                self.set_attribute(&object, &a.attr, value)
            }
            Expr::Subscript(s) => {
                let object = self.expression(&s.value, scope)?;
                let index = self.expression(&s.slice, scope)?;
                self.set_item(&object, &index, value)
            }
            _ => Err(Error::unknown("this target of an assignment")),
        }
    }

    fn unpack(&self, targets: &[Expr], value: &Value, scope: &Rc<Scope>) -> Result<()> {
        let items = value.items()?;
        let star = targets.iter().position(|t| matches!(t, Expr::Starred(_)));
        let fixed = targets.len() - usize::from(star.is_some());
        if items.len() < fixed || (star.is_none() && items.len() > fixed) {
            return Err(Error::new(format!("cannot unpack {} values into {} names", items.len(), targets.len())));
        }
        let mut items = items.into_iter();
        for target in targets {
            if let Expr::Starred(starred) = target {
                let after = targets.len() - 1 - star.unwrap_or(0);
                let len = items.len() - after;
                let rest = Value::list(items.by_ref().take(len).collect());
                self.assign(&starred.value, rest, scope)?;
            } else if let Some(item) = items.next() {
                self.assign(target, item, scope)?;
            }
        }
        Ok(())
    }

    fn with(&self, with: &StmtWith, scope: &Rc<Scope>) -> Result<Flow> {
        let mut entered = Vec::new();
        let mut result = Ok(Flow::Next);
        for item in &with.items {
            let enter = || -> Result<Value> {
                let context = self.expression(&item.context_expr, scope)?;
                let value = self.call_method(&context, "__enter__", Args::default())?;
                entered.push(context);
                match &item.optional_vars {
                    Some(target) => self.assign(target, value, scope).map(|()| Value::None),
                    None => Ok(Value::None),
                }
            };
            if let Err(error) = { enter }() {
                result = Err(error);
                break;
            }
        }
        if result.is_ok() {
            result = self.block(&with.body, scope);
        }
        // Contexts are exited also if the body failed.
        for context in entered.iter().rev() {
            self.call_method(context, "__exit__", Args::of(vec![Value::None, Value::None, Value::None]))?;
        }
        result
    }

    fn define(&self, s: &StmtFunctionDef, scope: &Rc<Scope>) -> Result<Value> {
        let mut is_static = false;
        let mut decorators = Vec::new();
        for decorator in &s.decorator_list {
            match self.expression(&decorator.expression, scope)? {
                Value::Builtin(name) if &*name == "staticmethod" => is_static = true,
                Value::Builtin(name) if name.ends_with("once_differentiable") => {}
                other => decorators.push(other),
            }
        }
        let function = Function {
            name: s.name.to_string(),
            defaults: self.defaults(&s.parameters, scope)?,
            parameters: Some((*s.parameters).clone()),
            body: Body::Statements(s.body.to_vec()),
            scope: scope.seen_by_functions(),
            is_static,
        };
        let function = Value::Object(Rc::new(function));
        decorators.iter().rev().try_fold(function, |f, decorator| self.call(decorator, Args::of(vec![f])))
    }

    fn class(&self, s: &StmtClassDef, scope: &Rc<Scope>) -> Result<Value> {
        let bases = s.arguments.iter().flat_map(|a| a.args.iter());
        let bases: Vec<Value> = bases.map(|base| self.expression(base, scope)).collect::<Result<_>>()?;
        // Scope visible to methods: `__class__`, for `super()`.
        let cell = Scope::inside(&scope.seen_by_functions());
        let body = Scope::class_inside(&cell);
        self.block(&s.body, &body)?;
        let class = Class { name: s.name.to_string(), bases, attributes: RefCell::new(body.take()) };
        let class = Value::Object(Rc::new(class));
        cell.set("__class__", class.clone());
        s.decorator_list.iter().rev().try_fold(class, |c, decorator| {
            let decorator = self.expression(&decorator.expression, scope)?;
            self.call(&decorator, Args::of(vec![c]))
        })
    }
}
