package schema

// Decoded describes a field that readers compute from columns: the readable
// form beside a raw value. It is not in the file.
type Decoded struct {
	Name   string
	After  ColumnID   // the column that it stands behind in output
	Inputs []ColumnID // what it is computed from, the column of its table first
	JSON   string     // its type in JSON, beside null
	// Extra: printed only when it is asked for by name.
	Extra bool
	Doc   string
}

// decoded is in the order of output: by the column that each field follows.
var decoded = func() []Decoded {
	special := map[ColumnID][]Decoded{}
	for _, d := range specialDecoded {
		special[d.After] = append(special[d.After], d)
	}
	var all []Decoded
	for i := range columns {
		c := &columns[i]
		if c.Type == TypeEnum {
			all = append(all, Decoded{Name: c.Name + "_text", After: c.ID, Inputs: []ColumnID{c.ID}, JSON: "string",
				Doc: "Name of " + c.Name + "; its digits when it has none."})
		}
		all = append(all, special[c.ID]...)
	}
	return all
}()

// specialDecoded is the decoded fields but for the names of enums.
var specialDecoded = []Decoded{
	{Name: "wall_time", After: ColTimeNS, Inputs: []ColumnID{ColTimeNS}, JSON: "string",
		Doc: "time_ns as wall time: RFC 3339, UTC, nine digits, interpolated between the recording's clock records. Null without them."},
	{Name: "errno", After: ColRet, Inputs: []ColumnID{ColRet}, JSON: "string",
		Doc: "Name of the error in ret, such as EAGAIN; its digits when it has none. Null when the call did not fail."},
	{Name: "error", After: ColRet, Inputs: []ColumnID{ColRet}, JSON: "string",
		Doc: "What the error in ret means, in words. Null when the call did not fail."},
	{Name: "comm_hex", After: ColComm, Inputs: []ColumnID{ColComm}, JSON: "string", Extra: true,
		Doc: "The bytes of comm in hexadecimal, for names that are not UTF-8."},
	{Name: "start_wall_time", After: ColStartTimeNS, Inputs: []ColumnID{ColStartTimeNS}, JSON: "string",
		Doc: "start_time_ns as wall time, as wall_time."},
	{Name: "flags_text", After: ColFlags, Inputs: []ColumnID{ColFlags}, JSON: "string",
		Doc: "Names of flags, ascending by value, joined by |; bits without a name in hexadecimal at the end; 0 for none."},
	{Name: "msg_flags_text", After: ColMsgFlags, Inputs: []ColumnID{ColMsgFlags}, JSON: "string",
		Doc: "Names of msg_flags, as flags_text."},
	{Name: "out_msg_flags_text", After: ColOutMsgFlags, Inputs: []ColumnID{ColOutMsgFlags}, JSON: "string",
		Doc: "Names of out_msg_flags, as flags_text."},
	{Name: "name_text", After: ColName, Inputs: []ColumnID{ColName, ColMsgNamelen, ColCall}, JSON: "string",
		Doc: "name in short form: 127.0.0.1:53, [::1]:53, /run/x, @abstract, (unnamed), netlink:pid=0 groups=0x1, packet:if=2 proto=ETH_P_IP addr=ff:ff:ff:ff:ff:ff, vsock:2:1234; FAMILY:hexadecimal for others. Null for less than the two bytes of a family."},
	{Name: "name_decoded", After: ColName, Inputs: []ColumnID{ColName, ColMsgNamelen, ColCall}, JSON: "string", Extra: true,
		Doc: "name with all its fields, as strace prints it."},
	{Name: "control_decoded", After: ColControl, Inputs: []ColumnID{ColControl, ColMsgControllen, ColABI, ColCall}, JSON: "array",
		Doc: "The control messages in control, an object each (docs/schema.md, Control messages)."},
	{Name: "socket_protocol_text", After: ColSocketProtocol, Inputs: []ColumnID{ColSocketProtocol, ColSocketFamily}, JSON: "string",
		Doc: "Name of socket_protocol within the family: IPPROTO_, NETLINK_; its digits when it has none."},
	{Name: "local_address_text", After: ColLocalAddress, Inputs: []ColumnID{ColLocalAddress}, JSON: "string",
		Doc: "local_address as people write it, without the port."},
	{Name: "remote_address_text", After: ColRemoteAddress, Inputs: []ColumnID{ColRemoteAddress}, JSON: "string",
		Doc: "remote_address as people write it, without the port."},
	{Name: "local_path_text", After: ColLocalPath, Inputs: []ColumnID{ColLocalPath}, JSON: "string",
		Doc: "local_path in short form: /run/x, @abstract, (unnamed); a path that begins with @ is shown as ./@path."},
	{Name: "remote_path_text", After: ColRemotePath, Inputs: []ColumnID{ColRemotePath}, JSON: "string",
		Doc: "remote_path in short form, as local_path_text."},
	{Name: "local_endpoint", After: ColRemotePath, Inputs: []ColumnID{ColSocketFamily, ColLocalAddress, ColLocalPort, ColLocalPath}, JSON: "string",
		Doc: "Local end of the socket in short form, as name_text: address and port, or path. Null where the family has neither."},
	{Name: "remote_endpoint", After: ColRemotePath, Inputs: []ColumnID{ColSocketFamily, ColRemoteAddress, ColRemotePort, ColRemotePath}, JSON: "string",
		Doc: "Remote end of the socket in short form. Null where the family has none and for sockets that are not connected."},
}

// AllDecoded returns the decoded fields in the order of output. The slice is
// shared: callers must not change it.
func AllDecoded() []Decoded { return decoded }
