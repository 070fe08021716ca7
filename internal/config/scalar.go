package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// What is wrong with a text where a setting wants something else.
var (
	errNotWhole    = errors.New("is not a whole number in plain digits")
	errNotPositive = errors.New("is not a whole number of 0 or more in plain digits")
	errNotBool     = errors.New("is neither true nor false")
)

// setText sets a setting from a text, as the environment has it: a list is
// separated by commas. Errors complete a sentence that begins with the text.
func setText(v reflect.Value, text string) error {
	switch v.Type() {
	case secretType:
		v.Set(reflect.ValueOf(NewSecret(text)))
		return nil
	case termType:
		v.Set(reflect.ValueOf(Term{Text: text}))
		return nil
	case protectedType:
		v.Set(reflect.ValueOf(Protected{Account: text}))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return errNotBool
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil || text != strconv.Itoa(n) {
			return errNotWhole
		}
		v.SetInt(int64(n))
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || text != strconv.FormatUint(n, 10) {
			return errNotPositive
		}
		v.SetUint(n)
	case reflect.Slice:
		return setList(v, text)
	default:
		panic(fmt.Sprintf("config: a setting of type %s cannot be read from text", v.Type()))
	}
	return nil
}

// setList sets a list from its elements, separated by commas.
func setList(v reflect.Value, text string) error {
	list := reflect.MakeSlice(v.Type(), 0, strings.Count(text, ",")+1)
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := setText(elem, part); err != nil {
			return err
		}
		list = reflect.Append(list, elem)
	}
	v.Set(list)
	return nil
}

// wants says in words what a type of setting is, for errors.
func wants(t reflect.Type) string {
	switch {
	case t == secretType || t == termType || t.Kind() == reflect.String:
		return "a text"
	case t == protectedType:
		return "an account, or a mapping with account and roles"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Uint64:
		return "a whole number"
	case t.Kind() == reflect.Slice:
		return "a list"
	default:
		return "a mapping"
	}
}
