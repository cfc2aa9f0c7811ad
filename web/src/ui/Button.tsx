import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Link } from "wouter";
import { Icon, type IconName } from "./Icon";
import styles from "./Button.module.css";

type Look = {
  variant?: "default" | "primary" | "ghost" | "danger";
  small?: boolean;
  icon?: IconName;
};

type Props = Look & ButtonHTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement> };

export function classNames(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}

export function buttonLook({ variant = "default", small }: Look): string {
  return classNames(styles.button, variant !== "default" && styles[variant], small && styles.small);
}

export function Button({ variant, small, icon, children, className, type = "button", ...rest }: Props) {
  return (
    <button type={type} className={classNames(buttonLook({ variant, small }), className)} {...rest}>
      {icon && <Icon name={icon} size={small ? 15 : 17} />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<Props, "children" | "icon"> & { icon: IconName; label: string; shortcut?: string };

/** A button without words. Its name is read out and shown on hover. */
export function IconButton({ icon, label, shortcut, variant = "ghost", small, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={shortcut ? `${label} (${shortcut})` : label}
      className={classNames(buttonLook({ variant, small }), styles.iconOnly, className)}
      {...rest}
    >
      <Icon name={icon} size={small ? 16 : 18} />
    </button>
  );
}

export function LinkButton({ href, variant, small, icon, children }: Look & { href: string; children: ReactNode }) {
  return (
    <Link href={href} className={buttonLook({ variant, small })}>
      {icon && <Icon name={icon} size={17} />}
      {children}
    </Link>
  );
}
