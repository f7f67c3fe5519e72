//! `session`: who is connected to what, and what is wrong with it.

use crate::prelude::*;

/// Show this session and the agent's connections
#[derive(Args)]
#[command(group = Shell, permission = View, example = "session")]
pub(crate) struct Session;

impl Command for Session {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let connections = cx.connections().get();
        let facts = cx.session().clone();
        let from_here = facts.from == "local";
        cx.emit(SessionInfo {
            java_pid: std::process::id(),
            session_id: facts.id,
            agent_id: connections.agent_id,
            tunnel_connected: connections.tunnel_connected,
            tunnel_server: connections.tunnel_server,
            user_id: Some(facts.user).filter(|user| !user.is_empty()),
            from: facts.from,
            http: connections.http.as_ref().map(|http| http.address.clone()),
            telnet: connections.telnet.as_ref().map(|telnet| telnet.address.clone()),
            mcp: connections.mcp.as_ref().map(|mcp| mcp.address.clone()),
            // One for all ports. Made up by the agent: for whoever may attach to this JVM anyway, and nobody else.
            port_password: [connections.http, connections.telnet, connections.mcp]
                .into_iter()
                .flatten()
                .find_map(|port| port.made_password)
                .filter(|_| from_here),
            problems: connections.problems,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionInfo {
    java_pid: u32,
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<String>,
    tunnel_connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel_server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// Where the HTTP port listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<String>,
    /// Where the telnet port listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    telnet: Option<String>,
    /// Where the MCP server listens, if not at the HTTP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    mcp: Option<String>,
    /// The password of the ports, where the agent made it up; over the local socket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    port_password: Option<String>,
    /// How this session reached the agent: `local`, `tunnel`, `http`, `telnet`, `mcp`.
    from: String,
    /// What is wrong with the agent's connections or its options, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

impl Show for SessionInfo {
    const KIND: &'static str = "session";

    fn layout(&self) -> Layout {
        let mut rows = vec![("JAVA_PID", self.java_pid.to_string()), ("SESSION_ID", self.session_id.clone())];
        rows.extend(self.agent_id.clone().map(|id| ("AGENT_ID", id)));
        if let Some(server) = &self.tunnel_server {
            rows.push(("TUNNEL_SERVER", server.clone()));
            rows.push(("TUNNEL_CONNECTED", self.tunnel_connected.to_string()));
        }
        rows.extend(self.user_id.clone().map(|user| ("USER_ID", user)));
        rows.extend(self.http.clone().map(|address| ("HTTP", address)));
        rows.extend(self.telnet.clone().map(|address| ("TELNET", address)));
        rows.extend(self.mcp.clone().map(|address| ("MCP", address)));
        rows.extend(self.port_password.clone().map(|password| ("PORT_PASSWORD", password)));
        rows.push(("FROM", self.from.clone()));
        let rows =
            rows.into_iter().map(|(name, value)| vec![Text::styled(Style::Name, name), Text::from(value)]);
        let mut parts = vec![Layout::Table(Table {
            columns: vec![Column::new("Name"), Column::new("Value")],
            rows: rows.collect(),
            ..Table::default()
        })];
        let problems =
            self.problems.iter().map(|problem| Layout::Line(Text::styled(Style::Bad, problem.clone())));
        parts.extend(problems);
        Layout::stack(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_shown_and_problems_are_said_below() {
        let info = SessionInfo {
            java_pid: 7,
            session_id: "s".to_owned(),
            agent_id: None,
            tunnel_connected: false,
            tunnel_server: Some("wss://tunnel/ws".to_owned()),
            user_id: None,
            from: "local".to_owned(),
            http: None,
            telnet: None,
            mcp: None,
            port_password: None,
            problems: vec!["The tunnel refuses the token.".to_owned()],
        };
        let Layout::Group(group) = info.layout() else { unreachable!("a group was made") };
        let Some(Layout::Table(table)) = group.items.first() else { unreachable!("a table was made") };
        let names: Vec<_> = table.rows.iter().filter_map(|row| row.first()).map(Text::plain).collect();
        assert_eq!(names, ["JAVA_PID", "SESSION_ID", "TUNNEL_SERVER", "TUNNEL_CONNECTED", "FROM"]);
        assert_eq!(group.items.len(), 2);
    }
}
