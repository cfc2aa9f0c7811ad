/** What whoever is signed in sees: the frame, and which page belongs to which address. */

import { lazy, Suspense } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import type { Session } from "./api/types";
import { dropOldDrafts } from "./composer/drafts";
import { Conversations } from "./conversations/Conversations";
import { m } from "./i18n";
import { SessionContext } from "./session/useSession";
import { ErrorBoundary } from "./shell/ErrorBoundary";
import { aroundNav } from "./shell/leaving";
import { Shell } from "./shell/Shell";
import { EmptyState } from "./ui/bits";

const Channels = lazy(() => import("./channels/Channels"));
const NewChannel = lazy(() => import("./channels/NewChannel"));
const ChannelDetail = lazy(() => import("./channels/ChannelDetail"));
const Webhooks = lazy(() => import("./webhooks/Webhooks"));
const WebhookDetail = lazy(() => import("./webhooks/WebhookDetail"));
const Outbox = lazy(() => import("./outbox/Outbox"));
const ApiKeys = lazy(() => import("./keys/ApiKeys"));
const Messages = lazy(() => import("./messages/Messages"));
const Broadcasts = lazy(() => import("./broadcasts/Broadcasts"));
const NewBroadcast = lazy(() => import("./broadcasts/NewBroadcast"));
const EditBroadcast = lazy(() => import("./broadcasts/EditBroadcast"));
const BroadcastDetail = lazy(() => import("./broadcasts/BroadcastDetail"));
const Automations = lazy(() => import("./automations/Automations"));
const NewAutomation = lazy(() => import("./automations/NewAutomation"));
const AutomationDetail = lazy(() => import("./automations/AutomationDetail"));
const BusinessHours = lazy(() => import("./automations/BusinessHours"));
const Lists = lazy(() => import("./lists/Lists"));
const ListDetail = lazy(() => import("./lists/ListDetail"));
const Domains = lazy(() => import("./domains/Domains"));
const DomainDetail = lazy(() => import("./domains/DomainDetail"));
const Suppressions = lazy(() => import("./suppressions/Suppressions"));
const Templates = lazy(() => import("./templates/Templates"));
const TemplateDetail = lazy(() => import("./templates/TemplateDetail"));
const People = lazy(() => import("./people/People"));
const Teams = lazy(() => import("./people/Teams"));
const Profile = lazy(() => import("./people/Profile"));
const Analytics = lazy(() => import("./analytics/Analytics"));
const SlaPolicies = lazy(() => import("./sla/SlaPolicies"));
const Insight = lazy(() => import("./insight/Insight"));
const WorkspaceSettings = lazy(() => import("./workspace/WorkspaceSettings"));
const AuditLog = lazy(() => import("./audit/AuditLog"));
const SecondFactorGate = lazy(() => import("./session/SecondFactorGate"));
const Contacts = lazy(() => import("./contacts/Contacts"));
const ContactDetail = lazy(() => import("./contacts/ContactDetail"));
const Ratings = lazy(() => import("./ratings/Ratings"));
const Retention = lazy(() => import("./privacy/Retention"));

function NotFound() {
  return (
    <EmptyState icon="search" title={m.notFound.title} text={m.notFound.text}>
      <Link href="/conversations">{m.notFound.home}</Link>
    </EmptyState>
  );
}

function Pages() {
  return (
    <Suspense fallback={null}>
      <Switch>
        <Route path="/">
          <Redirect to="/conversations" replace />
        </Route>
        <Route path="/sign-in">
          <Redirect to="/conversations" replace />
        </Route>
        <Route path="/conversations/:id?">{(params) => <Conversations id={params.id} />}</Route>
        <Route path="/channels" component={Channels} />
        <Route path="/channels/new" component={NewChannel} />
        <Route path="/channels/:id">{(params) => <ChannelDetail key={params.id} id={params.id} />}</Route>
        <Route path="/webhooks" component={Webhooks} />
        <Route path="/webhooks/:id">{(params) => <WebhookDetail key={params.id} id={params.id} />}</Route>
        <Route path="/automations" component={Automations} />
        <Route path="/automations/new" component={NewAutomation} />
        <Route path="/automations/:id">{(params) => <AutomationDetail key={params.id} id={params.id} />}</Route>
        <Route path="/business-hours" component={BusinessHours} />
        <Route path="/outbox/:id?">{(params) => <Outbox id={params.id} />}</Route>
        <Route path="/api-keys" component={ApiKeys} />
        <Route path="/messages/:id?">{(params) => <Messages id={params.id} />}</Route>
        <Route path="/broadcasts" component={Broadcasts} />
        <Route path="/broadcasts/new" component={NewBroadcast} />
        <Route path="/broadcasts/:id/edit">{(params) => <EditBroadcast key={params.id} id={params.id} />}</Route>
        <Route path="/broadcasts/:id">{(params) => <BroadcastDetail key={params.id} id={params.id} />}</Route>
        <Route path="/lists" component={Lists} />
        <Route path="/lists/:id">{(params) => <ListDetail key={params.id} id={params.id} />}</Route>
        <Route path="/domains" component={Domains} />
        <Route path="/domains/:id">{(params) => <DomainDetail key={params.id} id={params.id} />}</Route>
        <Route path="/suppressions" component={Suppressions} />
        <Route path="/templates" component={Templates} />
        <Route path="/templates/:id">{(params) => <TemplateDetail key={params.id} id={params.id} />}</Route>
        <Route path="/analytics" component={Analytics} />
        <Route path="/people" component={People} />
        <Route path="/teams" component={Teams} />
        <Route path="/profile" component={Profile} />
        <Route path="/sla-policies" component={SlaPolicies} />
        <Route path="/insight" component={Insight} />
        <Route path="/settings" component={WorkspaceSettings} />
        <Route path="/audit-log" component={AuditLog} />
        <Route path="/contacts" component={Contacts} />
        <Route path="/contacts/:id">{(params) => <ContactDetail key={params.id} id={params.id} />}</Route>
        <Route path="/ratings" component={Ratings} />
        <Route path="/retention" component={Retention} />
        <Route component={NotFound} />
      </Switch>
    </Suspense>
  );
}

dropOldDrafts(Date.now());

export default function Workspace({ session }: { session: Session }) {
  const [location] = useLocation();
  return (
    <SessionContext value={session}>
      {session.needsSecondFactor ? (
        <Suspense fallback={null}>
          <SecondFactorGate />
        </Suspense>
      ) : (
        <Router aroundNav={aroundNav}>
          <Shell>
            <ErrorBoundary key={location.split("/")[1]}>
              <Pages />
            </ErrorBoundary>
          </Shell>
        </Router>
      )}
    </SessionContext>
  );
}
