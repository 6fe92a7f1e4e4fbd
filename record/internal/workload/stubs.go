package main
func runLoad([]string) error {return nil}
func runBlock([]string) error {return nil}
func runHammer([]string) error {return nil}
func runGetppid([]string) error {return nil}
func runFamily([]string) error {return nil}
