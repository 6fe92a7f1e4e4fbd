import dbus
from dbus.lowlevel import MethodCallMessage

message = MethodCallMessage("org.freedesktop.DBus", "/org/example", "org.example", "Take")
message.append(dbus.types.UnixFd(0), dbus.types.UnixFd(1), signature="hh")
try:
    dbus.SessionBus().send_message_with_reply_and_block(message)
except dbus.DBusException as e:
    # The daemon has no such method; the message went by all the same.
    assert e.get_dbus_name() == "org.freedesktop.DBus.Error.UnknownInterface", e
